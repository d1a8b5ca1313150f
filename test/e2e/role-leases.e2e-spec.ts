import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { directory, mediaOpen } from '@app/contracts';
import {
  Database,
  DEFAULT_TENANT_ID,
  EntityRepository,
  FederationRoleRepository,
  type Logins,
  RoleLeaseRepository,
} from '@app/persistence';
import type { AppProcess } from '../../tools/launcher/app-process.mjs';
import { EntityStore } from '../../apps/federation/src/entities/entity-store.js';
import { waitUntil } from '../harness/condition.js';
import { FederationDesk } from '../harness/federation-desk.js';
import { Platform } from '../harness/platform.js';
import { RegularSite } from '../harness/regular-site.js';

const ALLOW = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };
const SITES = ['one', 'two', 'three', 'four'];

interface Lease {
  id: string;
  label: string;
  replica_id: string | null;
  lease_generation: number;
  state: string;
}

const federationLogin = ({ dataDir }: Platform): string =>
  (JSON.parse(readFileSync(join(dataDir, 'logins.json'), 'utf8')) as Logins).federation;

/** Never 0, which would be this very group of processes. */
const pidOf = (app: AppProcess): number => {
  if (app.pid === undefined) throw new Error('the process does not run');
  return app.pid;
};

describe('processes of federation', () => {
  let platform: Platform;
  let desk: FederationDesk;
  let second: AppProcess;
  const sites = new Map<string, { id: string; site: RegularSite }>();

  const leases = (): Promise<Lease[]> =>
    platform.query<Lease>(
      `SELECT r.id, s.label, r.replica_id, r.lease_generation, r.state FROM federation_role r JOIN site s ON s.id = r.site_id
        WHERE r.deleted_at IS NULL ORDER BY s.label`,
    );

  const owners = async (): Promise<Map<string, number>> => {
    const counts = new Map<string, number>();
    for (const { replica_id: id } of await leases()) counts.set(id ?? 'nobody', (counts.get(id ?? 'nobody') ?? 0) + 1);
    return counts;
  };

  const untilShared = (among: number, limitMs?: number): Promise<void> =>
    waitUntil(
      `${among} processes share the roles, and all are connected`,
      async () => {
        const found = await leases();
        const counts = [...(await owners()).values()];
        const isFair = counts.length === among && Math.max(...counts) <= Math.ceil(SITES.length / among);
        return isFair && found.every(({ state, replica_id: id }) => state === 'connected' && id !== null);
      },
      limitMs,
    );

  const open = (label: string, usage: 'live' | 'automatic' = 'live'): Promise<unknown> =>
    desk.ask(mediaOpen, {
      tenantId: DEFAULT_TENANT_ID,
      siteLabel: label,
      camera: 'gate',
      usage,
      user: 'operator:test',
      correlationId: randomUUID(),
    });

  beforeAll(async () => {
    platform = await Platform.start({ apps: ['federation'], extra: { federation: ALLOW } });
    desk = new FederationDesk(platform);
    for (const label of SITES) {
      const streams = [{ url: 'rtsp://127.0.0.1:9/' }];
      const site = await RegularSite.start({ cameras: [{ id: 'gate', name: 'Gate', streams }] });
      const id = await desk.createSite(label);
      sites.set(label, { id, site });
      await desk.activate(id, site);
    }
    await untilShared(1);
    second = await platform.replica('federation', 'federation-2');
  }, 90_000);

  afterAll(async () => {
    await desk?.[Symbol.asyncDispose]();
    await platform?.stop();
    for (const { site } of sites.values()) await site.stop();
  }, 30_000);

  it('share the roles when one joins', async () => {
    await untilShared(2);
    const rows = await platform.query('SELECT id FROM federation_replica');
    expect(rows).toHaveLength(2);
  });

  it('answer for each other: whoever is asked, the one with the contact opens the stream', async () => {
    const asked = SITES.flatMap((label) => Array.from({ length: 6 }, () => open(label)));
    expect(await Promise.all(asked)).toEqual(asked.map(() => expect.objectContaining({ path: expect.any(String) })));
    await expect(open('nowhere')).rejects.toMatchObject({ code: 'camera-not-found' });
  });

  it('open the default usage of the role where the viewer leaves it to the host', async () => {
    const [first, second] = await Promise.all(
      ['one', 'two'].map(async (label, index) => {
        await desk.change(sites.get(label)?.id ?? '', { defaultStreamUsage: index === 0 ? 'low-res' : 'automatic' });
        return open(label, 'automatic');
      }),
    );
    expect(first).toMatchObject({ usage: 'low-res' });
    expect(second).toMatchObject({ usage: 'high-res' });
  });

  it('write what each site says once, wherever its role runs', async () => {
    for (const { site } of sites.values()) {
      site.directory.upsert({
        remoteId: 'hall',
        kind: 'area',
        name: 'Hall',
        state: 'online',
        stateReason: '',
        streams: [],
      });
    }
    await waitUntil('all areas are there', async () => {
      const rows = await platform.query("SELECT id FROM entity WHERE kind = 'area'");
      return rows.length === SITES.length;
    });
  });

  it('take over within 10 s what one had that was killed, under a new generation', async () => {
    const before = new Map((await leases()).map((lease) => [lease.id, lease]));
    const pid = pidOf(second);
    const killedAt = performance.now();
    process.kill(pid, 'SIGKILL');
    const dead = await platform.query<{ id: string }>(
      'SELECT id FROM federation_replica ORDER BY started_at DESC LIMIT 1',
    );
    await waitUntil('nothing belongs to the dead', async () => !(await owners()).has(dead[0]?.id ?? ''), 10_000);
    await waitUntil(
      'all are connected',
      async () => (await leases()).every(({ state }) => state === 'connected'),
      10_000,
    );
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    const moved = (await leases()).filter(({ id }) => before.get(id)?.replica_id === dead[0]?.id);
    expect(moved).toHaveLength(2);
    for (const { id, lease_generation } of moved) {
      expect(lease_generation).toBeGreaterThan(before.get(id)?.lease_generation ?? Number.NaN);
    }
    await untilShared(2);
  }, 40_000);

  it('hand over at once when one is stopped', async () => {
    await untilShared(2);
    const stopped = second.stop();
    const startedAt = performance.now();
    await untilShared(1, 4_000);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await stopped;
    const alive = "SELECT id FROM federation_replica WHERE heartbeat_at > now() - interval '5 seconds'";
    expect(await platform.query(alive)).toHaveLength(1);
    second = await platform.replica('federation', 'federation-3');
    await untilShared(2);
  }, 40_000);

  it('leave alone what was taken from one that slept: it closes its contacts and takes its share again', async () => {
    const pid = pidOf(second);
    const [row] = await platform.query<{ id: string }>(
      'SELECT id FROM federation_replica ORDER BY started_at DESC LIMIT 1',
    );
    process.kill(pid, 'SIGSTOP');
    try {
      await waitUntil('its roles are taken', async () => !(await owners()).has(row?.id ?? ''), 10_000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await untilShared(2);
    expect((await owners()).has(row?.id ?? '')).toBe(true);
  }, 40_000);

  it('refuse what is written under an earlier generation', async () => {
    await untilShared(2);
    const url = federationLogin(platform);
    const database = await Database.open({ url, applicationName: 'test' });
    try {
      const roles = new FederationRoleRepository();
      const store = new EntityStore(database, new EntityRepository(), roles);
      const [lease] = await leases();
      const siteId = sites.get(lease?.label ?? '')?.id ?? '';
      const owner = { tenantId: DEFAULT_TENANT_ID, siteId, roleId: lease?.id ?? '' };
      const generation = lease?.lease_generation ?? 0;
      const entity = create(directory.EntitySchema, { remoteId: 'late', name: 'Late' });
      for (const old of [generation - 1, generation + 1]) {
        await expect(store.apply({ ...owner, generation: old }, new Map([['late', entity]]), 1n)).rejects.toMatchObject(
          {
            code: 'role-not-connected',
          },
        );
        await database.inTenant(owner.tenantId, (tx) =>
          roles.setState(tx, { ...owner, generation: old }, 'connection-failed', 'x'),
        );
      }
      expect((await leases())[0]).toEqual(lease);
      expect(await platform.query("SELECT id FROM entity WHERE remote_id = 'late'")).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it('take nothing from the dead before they were seen themselves', async () => {
    const url = federationLogin(platform);
    const database = await Database.open({ url, applicationName: 'test' });
    const repository = new RoleLeaseRepository();
    try {
      await database
        .inTenant(DEFAULT_TENANT_ID, async (tx) => {
          await tx.execute("UPDATE federation_replica SET heartbeat_at = now() - interval '1 minute'");
          const me = randomUUID();
          expect(await repository.claim(tx, me)).toMatchObject({ held: 0, alive: 1, share: SITES.length });
          expect(await repository.claim(tx, me)).toMatchObject({ held: SITES.length, alive: 1 });
          throw new RangeError('undo');
        })
        .catch((error: unknown) => expect(error).toBeInstanceOf(RangeError));
    } finally {
      await database.close();
    }
  });
});
