import { DomainError, mediaMoved } from '@app/contracts';
import { Database, FederationRoleRepository, type FederationRoleRow, type RoleLease } from '@app/persistence';
import { LOGGER, MessageClient, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { RoleReconciler } from '../roles/role.reconciler.js';
import { ConnectionFactory } from './connection.factory.js';
import type { Contact } from './directory-session.js';
import type { ConnectedRole, RoleConnection } from './role-connection.js';
import { RoleLeases } from './role-leases.js';
import { RoleNews } from './role-news.js';

/** Rounds come this often, and at once on a hint; a process that misses five of them is dead. */
const ROUND_MS = 1_000;
/** New sites are looked for this often, and at once on a hint. */
const RECONCILE_MS = 5_000;
/** Roles that move to another process in one round: each is away for a moment. */
const MAX_MOVED = 50;

/** Runs the roles that this process has a lease of, and makes their rows tell their states. */
@Injectable()
export class ConnectionSupervisor implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly running = new Map<string, RoleConnection>();
  /** Roles as they were, which are to begin again. */
  private readonly changed = new Map<string, ConnectedRole>();
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private reconciledAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly roles: FederationRoleRepository,
    private readonly reconciler: RoleReconciler,
    private readonly factory: ConnectionFactory,
    private readonly leases: RoleLeases,
    private readonly news: RoleNews,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.refresh(), ROUND_MS);
    this.news.listen({ rolesChanged: () => this.refresh(), siteKicked: (siteId) => this.kickHere(siteId) });
    this.refresh();
  }

  /** Hands everything over, before messaging and database go. */
  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.round;
    try {
      // Nobody's share may count this process while its roles become free.
      await this.leases.announceLeaving();
      await Promise.all([...this.running.values()].map((connection) => connection.close()));
      await this.leases.leave();
      await this.news.rolesChanged();
    } catch (error) {
      this.logger.warn(
        { err: error },
        'the roles were not handed over: others take them when this process counts as dead',
      );
    }
    this.running.clear();
    await this.news.close();
  }

  /** The connection of a role, if it runs here. */
  find(roleId: string): RoleConnection | undefined {
    return this.running.get(roleId);
  }

  /**
   * Offline and unreachable are told apart, as in the state of the role.
   * @throws DomainError `site-offline`, `site-unreachable`, `role-not-connected`
   */
  contact(roleId: string): { connection: RoleConnection; session: Contact } {
    const connection = this.find(roleId);
    const session = connection?.session;
    if (connection !== undefined && session !== undefined) return { connection, session };
    const code = connection?.reason?.split(':')[0];
    const known = code === 'site-offline' || code === 'site-unreachable' ? code : 'role-not-connected';
    throw new DomainError(known, connection?.reason ?? 'the federation role is not connected', { retryAfterMs: 1_000 });
  }

  /** An open contact with the site by a role that federates its alarms and runs here. */
  alarmContact(siteId: string): Contact | undefined {
    for (const { role, session } of this.running.values()) {
      if (role.siteId === siteId && role.federatesAlarms && session !== undefined) return session;
    }
    return undefined;
  }

  /** Something changed at this site: its roles try now, wherever they run. */
  kickSite(siteId: string): void {
    this.kickHere(siteId);
    if (!this.leases.isShared) return;
    this.news
      .siteKicked(siteId)
      .catch((error: unknown) => this.logger.debug({ err: error }, 'a hint was not passed on'));
  }

  /** There is a new site. */
  siteChanged(): void {
    this.reconciledAt = Number.NEGATIVE_INFINITY;
    this.refresh();
  }

  /** Looks at the leases soon; several calls make one more round. */
  refresh(): void {
    if (this.closed) return;
    if (this.round !== undefined) {
      this.again = true;
      return;
    }
    this.round = this.goRound()
      .catch((error: unknown) => this.logger.warn({ err: error }, 'a round over the federation roles failed'))
      .finally(() => {
        this.round = undefined;
        if (!this.again) return;
        this.again = false;
        this.refresh();
      });
  }

  private kickHere(siteId: string): void {
    for (const connection of this.running.values()) if (connection.role.siteId === siteId) connection.kick();
  }

  private async goRound(): Promise<void> {
    const { held, surplus } = await this.leases.round();
    const leases = new Map(held.map((lease) => [lease.role_id, lease]));
    await Promise.all([...this.running.values()].map((connection) => this.stopUnless(connection, leases)));
    await this.giveAway(held.slice(0, Math.min(surplus, MAX_MOVED)));
    const kept = held.slice(Math.min(surplus, MAX_MOVED));
    for (const role of this.changed.values()) if (!leases.has(role.roleId)) this.moveMedia(role);
    for (const lease of kept) this.repair(lease);
    await this.startAll(kept.filter((lease) => !this.running.has(lease.role_id)));
    if (performance.now() - this.reconciledAt < RECONCILE_MS) return;
    this.reconciledAt = performance.now();
    await this.reconciler.createMissing();
  }

  private async stopUnless(connection: RoleConnection, leases: ReadonlyMap<string, RoleLease>): Promise<void> {
    const { roleId, generation } = connection.role;
    if (leases.get(roleId)?.lease_generation === generation) return;
    this.running.delete(roleId);
    this.changed.set(roleId, connection.role);
    await connection.close();
  }

  /** Streams that are open have to ask again, unless all that changed is nothing to them. */
  private moveMedia({ roleId, tenantId, siteLabel }: ConnectedRole): void {
    this.changed.delete(roleId);
    this.messages.emit(mediaMoved, { tenantId, siteLabel });
  }

  /** To processes that have less than their share. */
  private async giveAway(leases: readonly RoleLease[]): Promise<void> {
    if (leases.length === 0) return;
    await Promise.all(
      leases.map(async ({ role_id: roleId }) => {
        const connection = this.running.get(roleId);
        this.running.delete(roleId);
        await connection?.close();
      }),
    );
    await this.leases.release(leases.map((lease) => lease.role_id));
    await this.news.rolesChanged();
    this.logger.info({ roles: leases.length }, 'roles were given to other processes of federation');
  }

  private async startAll(leases: readonly RoleLease[]): Promise<void> {
    const generations = new Map(leases.map((lease) => [lease.role_id, lease.lease_generation]));
    for (const tenantId of new Set(leases.map((lease) => lease.tenant_id))) {
      const ids = leases.filter((lease) => lease.tenant_id === tenantId).map((lease) => lease.role_id);
      const rows = await this.database.inTenant(tenantId, (tx) => this.roles.some(tx, tenantId, ids));
      // One that has changed since is the next round's.
      for (const row of rows) if (generations.get(row.id) === row.lease_generation) await this.start(row);
    }
  }

  private async start(row: FederationRoleRow): Promise<void> {
    if (this.closed) return;
    const missing = this.factory.missing(row);
    const before = this.changed.get(row.id);
    if (before !== undefined && (missing.length > 0 || before.way !== this.factory.wayOf(row))) this.moveMedia(before);
    this.changed.delete(row.id);
    if (missing.length > 0) return this.settle(row, missing);
    const connection = this.factory.create(row);
    this.running.set(row.id, connection);
    connection.start();
  }

  /** A write that an outage has swallowed. */
  private repair(lease: RoleLease): void {
    const connection = this.running.get(lease.role_id);
    if (connection === undefined) return;
    const { state, reason } = connection;
    if (lease.state === state && lease.state_reason === reason) return;
    connection.report();
  }

  /** An enabled role of which this deployment needs more than another did, for example after a change of its domain. */
  private async settle(row: FederationRoleRow, missing: readonly string[]): Promise<void> {
    const hold = { tenantId: row.tenant_id, roleId: row.id, generation: row.lease_generation };
    const reason = `missing: ${missing.join(', ')}`;
    await this.database.inTenant(row.tenant_id, (tx) => this.roles.setState(tx, hold, 'unconfigured', reason));
  }
}
