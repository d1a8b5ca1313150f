import { createHash } from 'node:crypto';
import { DomainError } from '@app/contracts';
import {
  FederationRoleRepository,
  SiteDirectoryRepository,
  type FederationRoleRow,
  type Transaction,
} from '@app/persistence';
import { pinOf } from '@app/pki';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { FederationDatabase } from '../database/federation.database.js';
import { EntityStore } from '../entities/entity-store.js';
import { PasswordVault } from '../roles/password-vault.js';
import { DirectorySession } from './directory-session.js';
import { RoleConnection, type RoleConnectionPorts } from './role-connection.js';
import { SiteDialer } from './site-dialer.js';

/** Makes the connection of a role from its row. */
@Injectable()
export class ConnectionFactory {
  constructor(
    private readonly database: FederationDatabase,
    private readonly roles: FederationRoleRepository,
    private readonly sites: SiteDirectoryRepository,
    private readonly store: EntityStore,
    private readonly dialer: SiteDialer,
    private readonly vault: PasswordVault,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Of everything that a running connection depends on: another one needs another connection. */
  keyOf(row: FederationRoleRow): string {
    const { directory_address, username, password_sealed, tls_pin, resilient_connection, reconnection_timeout_s } = row;
    const text = JSON.stringify([directory_address, username, tls_pin, resilient_connection, reconnection_timeout_s]);
    return createHash('sha256')
      .update(text)
      .update(password_sealed ?? '')
      .digest('base64url');
  }

  create(row: FederationRoleRow): RoleConnection {
    const role = {
      tenantId: row.tenant_id,
      siteId: row.site_id,
      roleId: row.id,
      siteLabel: row.site_label,
      address: row.directory_address ?? '',
      isTunnelled: this.dialer.isTunnelled(row.directory_address ?? ''),
      resilient: row.resilient_connection,
      reconnectionTimeoutMs: row.reconnection_timeout_s * 1_000,
    };
    return new RoleConnection(role, this.ports(row));
  }

  private ports(row: FederationRoleRow): RoleConnectionPorts {
    const { tenant_id: tenantId, id: roleId } = row;
    let last = Promise.resolve();
    // One after the other: a later state must not be overtaken by an earlier one.
    const write = (work: (tx: Transaction) => Promise<void>): void => {
      last = last
        .then(() => this.database.inTenant(tenantId, work))
        .catch((error: unknown) => this.logger.warn({ roleId, err: error }, 'the state of a role was not written'));
    };
    return {
      logger: this.logger,
      store: this.store,
      open: (signal) => this.open(row, signal),
      revision: () => this.revision(tenantId, roleId),
      stateChanged: (state, reason) => write((tx) => this.roles.setState(tx, tenantId, roleId, state, reason)),
      contacted: ({ clockSkewMs }) => write((tx) => this.roles.touch(tx, tenantId, roleId, clockSkewMs)),
    };
  }

  private async open(row: FederationRoleRow, signal: AbortSignal): Promise<DirectorySession> {
    const { tenant_id: tenantId, id: roleId, directory_address: address, username, password_sealed: stored } = row;
    if (address === null || username === null || stored === null) {
      throw new DomainError('role-incomplete', 'address, account or password is missing');
    }
    const password = this.vault.open(stored, { tenantId, roleId });
    const target = { tenantId, roleId, address, username, password, pin: await this.pinOf(row, address) };
    return DirectorySession.open(target, this.dialer.dial, signal);
  }

  /** A tunnelled site presents the key of its enrolment, a directly reached one the key that an operator confirmed. */
  async pinOf(row: Pick<FederationRoleRow, 'tenant_id' | 'site_id' | 'tls_pin'>, address: string): Promise<string> {
    if (!this.dialer.isTunnelled(address)) {
      if (row.tls_pin === null) throw new DomainError('role-incomplete', 'the pin of the site is missing');
      return row.tls_pin;
    }
    const spki = await this.database.inSystem((tx) => this.sites.tlsSpki(tx, row.tenant_id, row.site_id));
    if (spki === undefined) throw new DomainError('site-offline', 'no agent of the site has enrolled yet');
    return pinOf(spki);
  }

  private async revision(tenantId: string, roleId: string): Promise<bigint> {
    const row = await this.database.inTenant(tenantId, (tx) => this.roles.find(tx, tenantId, roleId));
    return BigInt(row?.entity_revision ?? 0);
  }
}
