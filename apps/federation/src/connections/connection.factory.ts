import { createHash } from 'node:crypto';
import {
  Database,
  FederationRoleRepository,
  type FederationRoleRow,
  type RoleHold,
  type Transaction,
} from '@app/persistence';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { toWireKinds } from '../entities/entity-record.js';
import { roleTaken } from '../entities/entity-store.js';
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

  /** Members that the role still needs. */
  missing(row: FederationRoleRow): string[] {
    const { directory_address: directoryAddress, username, password_sealed, tls_pin: tlsPin, enabled } = row;
    const settings = { directoryAddress, username, hasPassword: password_sealed !== null, tlsPin, enabled };
    return missingSettings(settings, (address) => this.dialer.isTunnelled(address));
  }

  /** Of everything that leads to the site, its video too: another one after a change of it. */
  wayOf({ directory_address, username, password_sealed, tls_pin }: FederationRoleRow): string {
    return createHash('sha256')
      .update(JSON.stringify([directory_address, username, tls_pin]))
      .update(password_sealed ?? '')
      .digest('base64url');
  }

  create(row: FederationRoleRow): RoleConnection {
    const role = {
      tenantId: row.tenant_id,
      siteId: row.site_id,
      roleId: row.id,
      generation: row.lease_generation,
      way: this.wayOf(row),
      siteLabel: row.site_label,
      address: row.directory_address ?? '',
      isTunnelled: this.dialer.isTunnelled(row.directory_address ?? ''),
      resilient: row.resilient_connection,
      reconnectionTimeoutMs: row.reconnection_timeout_s * 1_000,
      federatesAlarms: row.federate_alarms,
      entityKinds: toWireKinds(row.entity_types),
    };
    return new RoleConnection(role, this.ports(row));
  }

  private ports(row: FederationRoleRow): RoleConnectionPorts {
    const { tenant_id: tenantId, site_id: siteId, id: roleId, lease_generation: generation } = row;
    const hold = { tenantId, roleId, generation };
    const owner = { ...hold, siteId, wantsEvents: row.event_types.length > 0 || row.federate_alarms };
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
      events: (contact, signal) => this.stores.events.run(owner, contact, signal),
      open: (signal) => this.opener.open(row, signal),
      revision: () => this.revision(hold),
      stateChanged: (state, reason) => write((tx) => this.roles.setState(tx, hold, state, reason)),
      contacted: (info) => write((tx) => this.roles.touch(tx, hold, info)),
      settled: () => last,
    };
  }

  private async revision(hold: RoleHold): Promise<bigint> {
    const revision = await this.database.inTenant(hold.tenantId, (tx) => this.roles.revision(tx, hold));
    if (revision === undefined) throw roleTaken();
    return revision;
  }
}
