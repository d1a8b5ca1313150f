import { createHash } from 'node:crypto';
import { Database, FederationRoleRepository, type FederationRoleRow, type Transaction } from '@app/persistence';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { missingSettings } from '../roles/role-state.js';
import { ContactOpener } from './contact.opener.js';
import { RoleConnection, type RoleConnectionPorts } from './role-connection.js';
import { RoleStores } from './role-stores.js';
import { SiteDialer } from './site-dialer.js';

/** Makes the connection of a role from its row. */
@Injectable()
export class ConnectionFactory {
  constructor(
    private readonly database: Database,
    private readonly roles: FederationRoleRepository,
    private readonly stores: RoleStores,
    private readonly dialer: SiteDialer,
    private readonly opener: ContactOpener,
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

  /** Members that the role still needs. */
  missing(row: FederationRoleRow): string[] {
    const { directory_address: directoryAddress, username, password_sealed, tls_pin: tlsPin, enabled } = row;
    const settings = { directoryAddress, username, hasPassword: password_sealed !== null, tlsPin, enabled };
    return missingSettings(settings, (address) => this.dialer.isTunnelled(address));
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
    const { tenant_id: tenantId, site_id: siteId, id: roleId } = row;
    let last = Promise.resolve();
    // One after the other: a later state must not be overtaken by an earlier one.
    const write = (work: (tx: Transaction) => Promise<void>): void => {
      last = last
        .then(() => this.database.inTenant(tenantId, work))
        .catch((error: unknown) => this.logger.warn({ roleId, err: error }, 'the state of a role was not written'));
    };
    return {
      logger: this.logger,
      store: this.stores.entities,
      events: (contact, signal) => this.stores.events.run({ tenantId, siteId, roleId }, contact, signal),
      open: (signal) => this.opener.open(row, signal),
      revision: () => this.revision(tenantId, roleId),
      stateChanged: (state, reason) => write((tx) => this.roles.setState(tx, tenantId, roleId, state, reason)),
      contacted: ({ clockSkewMs }) => write((tx) => this.roles.touch(tx, tenantId, roleId, clockSkewMs)),
    };
  }

  private async revision(tenantId: string, roleId: string): Promise<bigint> {
    const row = await this.database.inTenant(tenantId, (tx) => this.roles.find(tx, tenantId, roleId));
    return BigInt(row?.entity_revision ?? 0);
  }
}
