import { DomainError, type IfMatch, ResourceTag } from '@app/contracts';
import {
  BearerTokenRepository,
  Database,
  OperatorRepository,
  type OperatorRow,
  type Page,
  type Transaction,
  violatedConstraint,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { mayHaveIdentities } from '../oidc/oidc-settings.js';
import { PasswordHasher } from '../session/password.js';
import { auditOutranked, missingFor, outranked, refuseDemoted } from './outranked.js';
import type { NewOperator, Operator, OperatorChanges } from './operator.dto.js';
import { StandingAccess } from './standing-access.js';

export const operatorTag = new ResourceTag<Operator>();

/** Each tenant keeps somebody who holds it and whom no identity provider can take it from. */
const KEPT_ROLES = ['administrator', 'security-officer'] as const;

@Injectable()
export class OperatorService {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(BearerTokenRepository) private readonly sessions: BearerTokenRepository,
    @Inject(StandingAccess) private readonly standing: StandingAccess,
    @Inject(PasswordHasher) private readonly passwords: PasswordHasher,
  ) {}

  /** @throws DomainError `invalid-request`, `forbidden` for roles beyond the caller's own or an identity, `username-taken` */
  async create(caller: Caller, { username, password, identity, roles }: NewOperator): Promise<Operator> {
    if (password === undefined && identity === undefined) {
      throw new DomainError('invalid-request', 'the operator could not sign in: give a password, an identity or both', {
        fields: [{ pointer: '/password', detail: 'needed without an identity' }],
      });
    }
    const { tenantId, actor } = caller;
    await this.refuseBeyond(caller, username, roles);
    if (identity !== undefined) await this.refuseIdentity(caller, username);
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    return this.database.inTenant(tenantId, async (tx) => {
      const id = await this.operators.insert(tx, tenantId, { username, passwordHash, roles, identity });
      if (id === undefined) throw taken();
      const details = { username, roles, identity, password: password !== undefined };
      await tx.audit(tenantId, { actor, action: 'operator.created', subject: id, details });
      return toOperator(await this.require(tx, tenantId, id));
    });
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<Operator>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.operators.list(tx, tenantId, request));
    return { ...page, items: page.items.map(toOperator) };
  }

  /** @throws DomainError `not-found` */
  async find(tenantId: string, id: string): Promise<Operator> {
    return toOperator(await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id)));
  }

  /**
   * Sessions end with every change, because a browser shows what the roles of its sign-in allowed. No member, no change.
   * @throws DomainError `not-found`, `forbidden` beyond the caller's own permissions or for an identity, `last-administrator`,
   *   `username-taken` for another operator's identity, `conflict` for one who could not sign in any more,
   *   `precondition-failed`
   */
  async change(caller: Caller, id: string, changes: OperatorChanges, ifMatch: IfMatch): Promise<Operator> {
    const { tenantId } = caller;
    const before = await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id));
    operatorTag.require(ifMatch, toOperator(before));
    if (Object.values(changes).every((value) => value === undefined)) return toOperator(before);
    await this.refuseBeyond(caller, id, [...before.roles, ...(changes.roles ?? [])]);
    if (changes.identity) await this.refuseIdentity(caller, id);
    try {
      return await this.database.inTenant(tenantId, (tx) => this.apply(tx, caller, id, { changes, ifMatch }));
    } catch (error) {
      if (violatedConstraint(error) === 'operator_identity') throw taken();
      throw error;
    }
  }

  private async apply(
    tx: Transaction,
    caller: Caller,
    id: string,
    { changes, ifMatch }: { changes: OperatorChanges; ifMatch: IfMatch },
  ): Promise<Operator> {
    const { tenantId, actor } = caller;
    const { roles, disabled, identity } = changes;
    await this.operators.lockRoles(tx, tenantId);
    refuseDemoted(await this.operators.find(tx, tenantId, caller.operatorId), caller);
    const locked = await this.require(tx, tenantId, id);
    operatorTag.require(ifMatch, toOperator(locked));
    const missing = missingFor(caller, locked.roles);
    if (missing.length > 0) throw outranked(missing);
    if (identity === null && !locked.hasPassword) {
      throw new DomainError('conflict', 'the operator has no password: without the identity it could not sign in');
    }
    const held = await this.holders(tx, tenantId);
    if (roles) await this.operators.setRoles(tx, tenantId, id, roles);
    if (identity !== undefined) await this.operators.setIdentity(tx, tenantId, id, identity);
    if (disabled !== undefined) await this.operators.setDisabled(tx, tenantId, id, disabled);
    await this.refuseLast(tx, tenantId, held);
    await this.sessions.revokeAll(tx, tenantId, id);
    if (disabled) await this.standing.end(tx, tenantId, locked, actor);
    const details = { roles, disabled, identity };
    await tx.audit(tenantId, { actor, action: 'operator.changed', subject: id, details });
    return toOperator(await this.require(tx, tenantId, id));
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<OperatorRow> {
    const row = await this.operators.find(tx, tenantId, id);
    if (!row) throw new DomainError('not-found', 'there is no such operator');
    return row;
  }

  private async refuseBeyond(caller: Caller, subject: string, roles: readonly string[]): Promise<void> {
    const missing = missingFor(caller, roles);
    if (missing.length === 0) return;
    await auditOutranked(this.database, caller, subject, missing);
    throw outranked(missing);
  }

  private async refuseIdentity(caller: Caller, subject: string): Promise<void> {
    const { tenantId, actor } = caller;
    if (mayHaveIdentities(this.config, tenantId)) return;
    const details = { reason: 'identity' };
    await this.database.inTenant(tenantId, (tx) =>
      tx.audit(tenantId, { actor, action: 'operator.refused', subject, details }),
    );
    throw new DomainError('forbidden', 'operators of this tenant have no identity at the identity provider');
  }

  private async holders(tx: Transaction, tenantId: string): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const role of KEPT_ROLES) counts.set(role, await this.operators.countHolders(tx, tenantId, role));
    return counts;
  }

  private async refuseLast(tx: Transaction, tenantId: string, before: ReadonlyMap<string, number>): Promise<void> {
    for (const [role, count] of before) {
      if (count === 0 || (await this.operators.countHolders(tx, tenantId, role)) > 0) continue;
      throw new DomainError(
        'last-administrator',
        `this is the tenant’s last ${role}: give somebody else the role first`,
      );
    }
  }
}

const taken = (): DomainError => new DomainError('username-taken', 'the name or the identity is another operator’s');

const toOperator = ({ identityIssuer, identitySubject, createdAt, disabledAt, ...row }: OperatorRow): Operator => ({
  ...row,
  identity:
    identityIssuer === null || identitySubject === null ? null : { issuer: identityIssuer, subject: identitySubject },
  createdAt: createdAt.toISOString(),
  disabledAt: disabledAt?.toISOString() ?? null,
});
