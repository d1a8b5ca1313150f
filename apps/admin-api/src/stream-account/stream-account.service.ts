import { DomainError, type IfMatch, ResourceTag } from '@app/contracts';
import {
  Database,
  type Page,
  type StreamAccountChanges,
  StreamAccountRepository,
  type StreamAccountRow,
  type Transaction,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import { RefusedRequests } from '../access/refused-requests.js';
import { highestLevelOf, LOWEST_LEVEL } from '../access/user-level.js';
import type { Caller } from '../http/request.js';
import { AccountPasswords, newUsername } from './account-password.js';
import { StreamAccountScopes } from './stream-account-scope.js';
import type {
  NewStreamAccount,
  StreamAccount,
  StreamAccountChangesBody,
  StreamAccountWithPassword,
} from './stream-account.dto.js';

/** What sites call their cameras, and when an account was used, is no operator's change. */
export const streamAccountTag = new ResourceTag<StreamAccount>(['cameras', 'lastUsedAt', 'lastUsedFrom']);

/** Of one tenant, not counting the revoked ones. */
const MOST = 1_000;

@Injectable()
export class StreamAccountService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(StreamAccountRepository) private readonly accounts: StreamAccountRepository,
    @Inject(StreamAccountScopes) private readonly scopes: StreamAccountScopes,
    @Inject(AccountPasswords) private readonly passwords: AccountPasswords,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  /** @throws DomainError `invalid-request`, `camera-not-found`, `not-found` for a site, `conflict` when the tenant has its most; `forbidden` for a level above the caller's */
  async create(caller: Caller, body: NewStreamAccount): Promise<StreamAccountWithPassword> {
    const { tenantId, actor } = caller;
    await this.checkLevel(caller, 'new', body.level);
    const { name, usages, level, allowedCidrs } = body;
    const [cameraIds, siteIds] = [lower(body.cameraIds), lower(body.siteIds)];
    const expiresAt = (await this.within(body.expiresAt)) ?? null;
    const [id, username] = [randomUUID(), newUsername()];
    const { password, sealed } = await this.passwords.make(username);
    return this.database.inTenant(tenantId, async (tx) => {
      if ((await this.accounts.countLive(tx, tenantId)) >= MOST) {
        throw new DomainError('conflict', `a tenant has ${MOST} stream accounts at most: revoke one first`);
      }
      await this.scopes.check(tx, tenantId, { cameraIds, siteIds });
      const settings = { name, usages, level, allowedCidrs, expiresAt };
      await this.accounts.insert(tx, tenantId, { id, username, secret: sealed, createdBy: actor, ...settings });
      await this.accounts.setScope(tx, tenantId, id, { cameraIds, siteIds });
      const details = { username, ...settings, expiresAt: expiresAt?.toISOString() ?? null, cameraIds, siteIds };
      await tx.audit(tenantId, { actor, action: 'stream-account.created', subject: id, details });
      return this.withPassword(tx, tenantId, id, password);
    });
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<StreamAccount>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.accounts.list(tx, tenantId, request));
    return { ...page, items: page.items.map(toAccount) };
  }

  /** @throws DomainError `not-found` */
  async find(tenantId: string, id: string): Promise<StreamAccount> {
    return toAccount(await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id)));
  }

  /** @throws DomainError `not-found`, `invalid-request`, `camera-not-found`, `precondition-failed`, `conflict` when it is revoked; `forbidden` for a level above the caller's */
  async change(caller: Caller, id: string, body: StreamAccountChangesBody, ifMatch: IfMatch): Promise<StreamAccount> {
    const { tenantId, actor } = caller;
    await this.checkLevel(caller, id, Math.min((await this.find(tenantId, id)).level, body.level ?? LOWEST_LEVEL));
    const expiresAt = await this.within(body.expiresAt);
    const { name, usages, level, allowedCidrs } = body;
    const scope = { cameraIds: body.cameraIds && lower(body.cameraIds), siteIds: body.siteIds && lower(body.siteIds) };
    return this.database.inTenant(tenantId, async (tx) => {
      const before = await this.lockLive(tx, tenantId, id, ifMatch);
      const { cameraIds, siteIds } = before;
      if (scope.cameraIds !== undefined || scope.siteIds !== undefined) {
        const wanted = { cameraIds: scope.cameraIds ?? cameraIds, siteIds: scope.siteIds ?? siteIds };
        await this.scopes.check(tx, tenantId, wanted, before);
        await this.accounts.setScope(tx, tenantId, id, scope);
      }
      const changes: StreamAccountChanges = { name, usages, level, allowedCidrs, expiresAt };
      const until = expiresAt === undefined ? undefined : (expiresAt?.toISOString() ?? null);
      const rights = { ...scope, usages, level, allowedCidrs, expiresAt: until };
      await this.accounts.change(tx, tenantId, id, changes, isAnother(before, rights));
      const details = { name, ...rights };
      await tx.audit(tenantId, { actor, action: 'stream-account.changed', subject: id, details });
      return toAccount(await this.require(tx, tenantId, id));
    });
  }

  /** @throws DomainError `not-found`, `conflict` when it is revoked; `forbidden` for a level above the caller's */
  async rotate(caller: Caller, id: string): Promise<StreamAccountWithPassword> {
    const { tenantId, actor } = caller;
    const { username, level } = await this.find(tenantId, id);
    await this.checkLevel(caller, id, level);
    const { password, sealed } = await this.passwords.make(username);
    return this.database.inTenant(tenantId, async (tx) => {
      await this.lockLive(tx, tenantId, id, undefined);
      await this.accounts.rotate(tx, tenantId, id, sealed);
      await tx.audit(tenantId, { actor, action: 'stream-account.password-rotated', subject: id });
      return this.withPassword(tx, tenantId, id, password);
    });
  }

  /** Whoever has the password drives out lower levels at a limit: nobody gets or makes a higher one than his own. */
  private async checkLevel(caller: Caller, subject: string, level: number): Promise<void> {
    const highest = highestLevelOf(caller.permissions);
    if (level >= highest) return;
    const details = { reason: 'level', level, highest };
    await this.refusals.note(caller, { action: 'stream-account.refused', subject, details });
    throw new DomainError('forbidden', `your own level is ${highest}, and this account has a higher one (${level})`);
  }

  /** A second call changes nothing. @throws DomainError `not-found` */
  async revoke({ tenantId, actor }: Caller, id: string): Promise<StreamAccount> {
    return this.database.inTenant(tenantId, async (tx) => {
      if (await this.accounts.revoke(tx, tenantId, id)) {
        await tx.audit(tenantId, { actor, action: 'stream-account.revoked', subject: id });
      }
      return toAccount(await this.require(tx, tenantId, id));
    });
  }

  private async lockLive(tx: Transaction, tenantId: string, id: string, ifMatch: IfMatch): Promise<StreamAccount> {
    if (!(await this.accounts.lock(tx, tenantId, id))) throw notFound();
    const account = toAccount(await this.require(tx, tenantId, id));
    streamAccountTag.require(ifMatch, account);
    if (account.revokedAt !== null) throw new DomainError('conflict', 'the account is revoked: make another one');
    return account;
  }

  private async withPassword(
    tx: Transaction,
    tenantId: string,
    id: string,
    password: string,
  ): Promise<StreamAccountWithPassword> {
    const row = await this.require(tx, tenantId, id);
    return Object.assign(toAccount(row), { password, ...(await this.scopes.urls(tx, tenantId, row, password)) });
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<StreamAccountRow> {
    const row = await this.accounts.find(tx, tenantId, id);
    if (!row) throw notFound();
    return row;
  }

  /** By the database's clock. */
  private async within<Absent extends null | undefined>(expiresAt: string | Absent): Promise<Date | Absent> {
    if (expiresAt === null || expiresAt === undefined) return expiresAt;
    const until = new Date(expiresAt);
    if (until.getTime() > (await this.database.now()).getTime()) return until;
    throw new DomainError('invalid-request', 'the end of an account lies in the future', {
      fields: [{ pointer: '/expiresAt', detail: 'in the future, or null' }],
    });
  }
}

const notFound = (): DomainError => new DomainError('not-found', 'there is no such stream account');

/** As the database writes them. */
const lower = (ids: readonly string[]): string[] => ids.map((id) => id.toLowerCase());

/** Whether something of it differs from what the account may now. */
const isAnother = (before: StreamAccount, rights: Partial<Record<keyof StreamAccount, unknown>>): boolean =>
  Object.entries(rights).some(
    ([name, value]) => value !== undefined && inOrder(value) !== inOrder(before[name as keyof StreamAccount]),
  );

const inOrder = (value: unknown): string =>
  JSON.stringify(Array.isArray(value) ? (value as string[]).toSorted() : value);

const toAccount = ({ sites, cameras, ...row }: StreamAccountRow): StreamAccount => ({
  ...row,
  cameras,
  cameraIds: cameras.map(({ cameraId }) => cameraId).toSorted(),
  siteIds: sites.map(({ siteId }) => siteId).toSorted(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  passwordSetAt: row.passwordSetAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
});
