import type { Database, FederationRoleRepository, FederationRoleRow, RoleLease } from '@app/persistence';
import { createLogger, type MessageClient } from '@app/runtime';
import { ConnectionFactory } from './connection.factory.js';
import { ConnectionSupervisor } from './connection.supervisor.js';
import type { ContactOpener } from './contact.opener.js';
import type { ConnectedRole, RoleConnection } from './role-connection.js';
import type { RoleNews } from './role-news.js';
import type { RoleStores } from './role-stores.js';
import type { SiteDialer } from './site-dialer.js';

type Row = Pick<
  FederationRoleRow,
  'directory_address' | 'username' | 'tls_pin' | 'event_types' | 'enabled' | 'lease_generation'
>;

/** Makes connections that contact nobody. */
class QuietFactory extends ConnectionFactory {
  override create(row: FederationRoleRow): RoleConnection {
    const { role } = super.create(row);
    const nothing = { start: () => undefined, close: () => Promise.resolve(), kick: () => undefined };
    return { role, state: 'connected', reason: null, session: undefined, report: () => undefined, ...nothing } as never;
  }
}

describe('ConnectionSupervisor', () => {
  let row: FederationRoleRow | undefined;
  let moved: number;
  let started: ConnectedRole[];
  let supervisor: ConnectionSupervisor;

  const change = (changes: Partial<Row>): void => {
    if (row !== undefined) row = { ...row, ...changes, lease_generation: row.lease_generation + 1 };
  };

  const round = async (): Promise<void> => {
    supervisor.refresh();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(async () => {
    [moved, started] = [0, []];
    row = {
      id: 'r',
      tenant_id: 't',
      site_id: 's',
      site_label: 'site',
      directory_address: 'directory.site.tunnel.example',
      username: 'cloud',
      password_sealed: Buffer.from('sealed'),
      tls_pin: null,
      entity_types: ['*'],
      event_types: ['*'],
      federate_alarms: true,
      enabled: true,
      state: 'connected',
      state_reason: null,
      lease_generation: 1,
    } as Partial<FederationRoleRow> as FederationRoleRow;
    const dialer = { isTunnelled: () => true } as Partial<SiteDialer> as SiteDialer;
    const logger = createLogger('test', 'silent');
    const database = { inTenant: () => Promise.resolve(row === undefined ? [] : [row]) } as never as Database;
    const repository = {} as FederationRoleRepository;
    const factory = new QuietFactory(database, repository, {} as RoleStores, dialer, {} as ContactOpener, logger);
    const create = factory.create.bind(factory);
    factory.create = (given) => {
      const connection = create(given);
      started.push(connection.role);
      return connection;
    };
    const lease = (): RoleLease[] => (row?.enabled === true ? [{ ...row, role_id: row.id }] : []);
    const leases = { isShared: false, round: () => Promise.resolve({ held: lease(), surplus: 0 }) };
    const messages = { emit: () => (moved += 1) };
    supervisor = new ConnectionSupervisor(
      database,
      repository,
      { createMissing: () => Promise.resolve() } as never,
      factory,
      leases as never,
      {} as RoleNews,
      messages as never as MessageClient,
      logger,
    );
    await round();
  });

  it('begins a role again when it was changed, and leaves its video alone where that leads the same way', async () => {
    change({ event_types: ['input.*'] });
    await round();
    expect([started.map(({ generation }) => generation), moved]).toEqual([[1, 2], 0]);
    await round();
    expect([started.length, moved]).toEqual([2, 0]);
  });

  it.each<[string, Partial<Row>]>([
    ['address', { directory_address: '192.0.2.1:1' }],
    ['account', { username: 'other' }],
    ['pin', { tls_pin: 'x'.repeat(43) }],
  ])('has video ask again after a change of the %s', async (_what, changes) => {
    change(changes);
    await round();
    expect([started.length, moved]).toEqual([2, 1]);
  });

  it('has video ask again once when a role is switched off, or lacks something now', async () => {
    change({ enabled: false });
    await round();
    await round();
    expect([started.length, moved]).toEqual([1, 1]);
  });
});
