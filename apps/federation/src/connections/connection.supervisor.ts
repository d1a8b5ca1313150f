import { DomainError, mediaMoved, type RoleState } from '@app/contracts';
import { Database, FederationRoleRepository, type FederationRoleRow } from '@app/persistence';
import { LOGGER, MessageClient, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RoleReconciler } from '../roles/role.reconciler.js';
import { ConnectionFactory } from './connection.factory.js';
import type { Contact } from './directory-session.js';
import type { RoleConnection } from './role-connection.js';

/** Rounds come this often, and at once on a hint. */
const ROUND_MS = 5_000;

interface Running {
  connection: RoleConnection;
  key: string;
}

/** Lets exactly those roles run that are complete and enabled, and makes the rows tell their states. */
@Injectable()
export class ConnectionSupervisor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly running = new Map<string, Running>();
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private again = false;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly roles: FederationRoleRepository,
    private readonly reconciler: RoleReconciler,
    private readonly factory: ConnectionFactory,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.refresh(), ROUND_MS);
    this.refresh();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.round;
    await Promise.all([...this.running.values()].map(({ connection }) => connection.close()));
  }

  /** The connection of a role, if it runs. */
  find(roleId: string): RoleConnection | undefined {
    return this.running.get(roleId)?.connection;
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

  /** An open contact with the site, by whichever of its roles. */
  contactOfSite(siteId: string): Contact | undefined {
    for (const { connection } of this.running.values()) {
      if (connection.role.siteId === siteId && connection.session !== undefined) return connection.session;
    }
    return undefined;
  }

  /** Something changed at this site: its role tries now. */
  kickSite(siteId: string): void {
    for (const { connection } of this.running.values()) if (connection.role.siteId === siteId) connection.kick();
  }

  /** Looks at all roles soon; several calls make one more round. */
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

  private async goRound(): Promise<void> {
    await this.reconciler.createMissing();
    const rows: FederationRoleRow[] = [];
    for (const tenantId of await this.database.inSystem((tx) => this.roles.tenants(tx))) {
      rows.push(...(await this.database.inTenant(tenantId, (tx) => this.roles.all(tx, tenantId))));
    }
    const wanted = new Map(rows.filter((row) => this.shouldRun(row)).map((row) => [row.id, row]));
    await Promise.all([...this.running].map(([id, { key }]) => this.stopUnless(id, key, wanted.get(id))));
    for (const row of wanted.values()) this.ensure(row);
    for (const row of rows) if (!wanted.has(row.id)) await this.settle(row);
  }

  private shouldRun(row: FederationRoleRow): boolean {
    return row.enabled && this.factory.missing(row).length === 0;
  }

  private async stopUnless(roleId: string, key: string, row: FederationRoleRow | undefined): Promise<void> {
    if (row !== undefined && this.factory.keyOf(row) === key) return;
    const connection = this.find(roleId);
    this.running.delete(roleId);
    await connection?.close();
    if (connection === undefined) return;
    const { tenantId, siteLabel } = connection.role;
    this.messages.emit(mediaMoved, { tenantId, siteLabel });
  }

  private ensure(row: FederationRoleRow): void {
    const running = this.running.get(row.id);
    if (running === undefined) {
      const connection = this.factory.create(row);
      this.running.set(row.id, { connection, key: this.factory.keyOf(row) });
      connection.start();
      return;
    }
    const { state, reason } = running.connection;
    if (row.state === state && row.state_reason === reason) return;
    // A write that an outage has swallowed.
    void this.setState(row, state, reason).catch(() => undefined);
  }

  private async settle(row: FederationRoleRow): Promise<void> {
    const missing = this.factory.missing(row);
    const state = missing.length > 0 ? 'unconfigured' : 'disabled';
    const reason = missing.length > 0 ? `missing: ${missing.join(', ')}` : null;
    if (row.state !== state || row.state_reason !== reason) await this.setState(row, state, reason);
  }

  private setState(row: FederationRoleRow, state: RoleState, reason: string | null): Promise<void> {
    return this.database.inTenant(row.tenant_id, (tx) => this.roles.setState(tx, row.tenant_id, row.id, state, reason));
  }
}
