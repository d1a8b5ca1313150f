import { DomainError } from '@app/contracts';
import {
  ApiTokenRepository,
  type ApiTokenRow,
  Database,
  OperatorRepository,
  type Page,
  type Transaction,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Permission } from '../access/permission.js';
import { RefusedRequests } from '../access/refused-requests.js';
import { toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { newApiToken, tokenHash } from '../session/bearer-token.js';
import type { ApiToken, ApiTokenQuery, IssuedApiToken, NewApiToken } from './api-token.dto.js';

const LONGEST_LIFE_MS = 365 * 86_400_000;
/** Of one operator, at once. */
const MAX_LIVE = 100;

@Injectable()
export class ApiTokenService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ApiTokenRepository) private readonly tokens: ApiTokenRepository,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  /** @throws DomainError `invalid-request`, `forbidden` for an API token or scopes beyond the caller's, `conflict` */
  async create(caller: Caller, { name, scopes, expiresAt }: NewApiToken): Promise<IssuedApiToken> {
    const { tenantId, operatorId, actor } = caller;
    await this.refuseApiToken(caller);
    const missing = scopes.filter((scope) => !caller.permissions.has(scope));
    if (missing.length > 0) await this.refuse(caller, missing);
    const until = await this.within(expiresAt);
    const token = newApiToken();
    const row = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.operators.hold(tx, tenantId, operatorId))) throw over();
      if ((await this.tokens.countLive(tx, tenantId, operatorId)) >= MAX_LIVE) {
        throw new DomainError('conflict', `you have ${MAX_LIVE} API tokens: delete one first`);
      }
      const order = { operatorId, name, scopes, expiresAt: until, tokenHash: tokenHash(token) };
      const created = await this.tokens.insert(tx, tenantId, order);
      const details = { name, scopes, expiresAt: until.toISOString() };
      await tx.audit(tenantId, { actor, action: 'api-token.created', subject: created.id, details });
      return created;
    });
    return Object.assign(toToken(row), { token });
  }

  /** @throws DomainError `forbidden`, `not-found` for an operator that is not of the tenant */
  async list(caller: Caller, { operatorId = caller.operatorId, ...query }: ApiTokenQuery): Promise<Page<ApiToken>> {
    const { tenantId } = caller;
    const request = toPageRequest(query);
    const owner = operatorId.toLowerCase();
    if (owner !== caller.operatorId && !caller.permissions.has('operators:read')) {
      await this.refuse(caller, ['operators:read']);
    }
    const page = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.operators.find(tx, tenantId, owner))) {
        throw new DomainError('not-found', 'there is no such operator');
      }
      return this.tokens.list(tx, tenantId, owner, request);
    });
    return { ...page, items: page.items.map(toToken) };
  }

  /** @throws DomainError `not-found`, also for another's without `operators:read` */
  async find(caller: Caller, id: string): Promise<ApiToken> {
    const { tenantId } = caller;
    return toToken(await this.database.inTenant(tenantId, (tx) => this.require(tx, caller, id, 'operators:read')));
  }

  /** A second time changes nothing. @throws DomainError `not-found`, also for another's without `operators:write` */
  async revoke(caller: Caller, id: string): Promise<void> {
    const { tenantId, actor } = caller;
    await this.database.inTenant(tenantId, async (tx) => {
      await this.require(tx, caller, id, 'operators:write');
      if (!(await this.tokens.revoke(tx, tenantId, id))) return;
      await tx.audit(tenantId, { actor, action: 'api-token.revoked', subject: id });
    });
  }

  private async require(tx: Transaction, caller: Caller, id: string, forOthers: Permission): Promise<ApiTokenRow> {
    const row = await this.tokens.find(tx, caller.tenantId, id);
    if (row && (row.operatorId === caller.operatorId || caller.permissions.has(forOthers))) return row;
    throw new DomainError('not-found', 'there is no such API token');
  }

  /** A token that was stolen must not outlive itself by others. */
  private async refuseApiToken(caller: Caller): Promise<void> {
    if (caller.via !== 'api-token') return;
    await this.audit(caller, { reason: 'api-token' });
    throw new DomainError('forbidden', 'an API token makes no further ones: sign in');
  }

  private async refuse(caller: Caller, missing: readonly Permission[]): Promise<never> {
    await this.audit(caller, { missing });
    throw new DomainError('forbidden', `the permission ${missing.join(', ')} is needed`);
  }

  private audit(caller: Caller, details: Record<string, unknown>): Promise<void> {
    return this.refusals.note(caller, { action: 'api-token.refused', subject: caller.operatorId, details });
  }

  /** By the database's clock. */
  private async within(expiresAt: string): Promise<Date> {
    const until = new Date(expiresAt);
    const left = until.getTime() - (await this.database.now()).getTime();
    if (left > 0 && left <= LONGEST_LIFE_MS) return until;
    throw new DomainError('invalid-request', 'an API token lives until a time in the coming 365 days', {
      fields: [{ pointer: '/expiresAt', detail: 'in the future, at most 365 days ahead' }],
    });
  }
}

const over = (): DomainError => new DomainError('unauthenticated', 'the operator was disabled');

const toToken = ({ createdAt, expiresAt, lastUsedAt, revokedAt, ...row }: ApiTokenRow): ApiToken => ({
  ...row,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
  revokedAt: revokedAt?.toISOString() ?? null,
});
