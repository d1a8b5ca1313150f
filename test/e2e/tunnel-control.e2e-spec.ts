import { randomUUID } from 'node:crypto';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import type { Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

interface Session {
  sessionId: string;
  closedAt: string | null;
  closeReason: string | null;
  durationSeconds: number;
}

let platform: Platform;
let rest: Rest;
let site: Site;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'tunnel-broker', 'admin-api'] });
  rest = await platform.signIn();
  site = await platform.createSite('Hamburg');
  await site.run();
}, 90_000);

afterAll(() => platform?.stop(), 30_000);

const history = (): Promise<Session[]> => rest.list<Session>(`/sites/${site.record.id}/tunnel/history`);
const disconnect = (siteId = site.record.id): Promise<unknown> =>
  rest.call('POST', `/sites/${siteId}/tunnel/disconnect`);
const tunnelState = async (): Promise<string> =>
  ((await rest.call('GET', `/sites/${site.record.id}/tunnel`)) as { state: string }).state;

describe('an operator', () => {
  it('ends a tunnel; the agent comes back by itself, and both are on record', async () => {
    const [before] = await history();
    expect(await disconnect()).toEqual({ ended: 1 });
    await waitUntil('the agent is back', async () => (await history())[0]?.sessionId !== before?.sessionId);
    await waitUntil('its tunnel is up', async () => (await tunnelState()) === 'up');
    const [, ended] = await history();
    expect(ended).toMatchObject({ sessionId: before?.sessionId, closeReason: 'operator' });
    expect(ended?.durationSeconds).toBeGreaterThan(0);
    const [event] = await rest.list(`/audit-events?action=tunnel.disconnected`);
    expect(event).toMatchObject({
      actor: 'operator:admin',
      subject: site.record.id,
      details: { sessions: [before?.sessionId] },
    });
  });

  it('ends it twice at once without harm', async () => {
    const outcomes = await Promise.allSettled([disconnect(), disconnect()]);
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    await waitUntil('the agent is back', async () => (await tunnelState()) === 'up');
  });

  it('cannot end what is not there, nor what is another tenant’s', async () => {
    const other = await rest.createSite('Empty');
    await expect(disconnect(other.id)).rejects.toThrow('409 conflict');
    await expect(disconnect(randomUUID())).rejects.toThrow('404 not-found');
  });

  it('learns that the broker that should do it is gone', async () => {
    const [{ siteId } = { siteId: '' }] = await platform.query<{ siteId: string }>(
      `WITH b AS (INSERT INTO broker (id, ingress) VALUES (gen_random_uuid(), '127.0.0.1:1') RETURNING id),
            t AS (SELECT set_config('adit.tenant', $1, false)),
            s AS (INSERT INTO site (tenant_id, name, label) SELECT $1::uuid, 'Gone', 'gone' FROM t RETURNING id),
            a AS (INSERT INTO agent (id, tenant_id, site_id) SELECT gen_random_uuid(), $1::uuid, id FROM s RETURNING id)
       INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address, agent_version, platform)
       SELECT gen_random_uuid(), $1::uuid, s.id, a.id, b.id, 'x', '01', '192.0.2.1:1', '0', 'x' FROM s, a, b RETURNING site_id AS "siteId"`,
      [DEFAULT_TENANT_ID],
    );
    await expect(disconnect(siteId)).rejects.toThrow(/50[34] (?:unavailable|timeout)/);
  });

  it('lists tunnels by state and text, in several orders', async () => {
    const labels = async (query: string): Promise<string[]> =>
      (await rest.list<{ siteLabel: string }>(`/tunnels?${query}`)).map(({ siteLabel }) => siteLabel);
    expect(await labels('state=up&text=hamb')).toEqual(['hamburg']);
    expect(await labels('state=down')).toEqual([]);
    expect(await labels('text=nothing')).toEqual([]);
    expect(await labels('sort=label&limit=1')).toEqual(['gone', 'hamburg']);
    expect((await labels('sort=-since&limit=1')).sort()).toEqual(['gone', 'hamburg']);
    await expect(labels('state=broken')).rejects.toThrow('400 invalid-request');
    await expect(labels('sort=colour')).rejects.toThrow('400 invalid-request');
  });
});

describe('the brokers of the deployment', () => {
  const brokers = (): Promise<{ id: string; state: string; sessions: number; ingress: string }[]> =>
    rest.list('/brokers');
  const serving = async () =>
    (await brokers()).filter(({ ingress }) => ingress === `127.0.0.1:${platform.ports.ingress}`);

  it('are listed with what they carry', async () => {
    expect(await serving()).toMatchObject([{ state: 'serving', sessions: 1 }]);
  });

  it('are not drained when agents would have nowhere to go', async () => {
    await platform.query(`UPDATE broker SET state = 'stopped' WHERE ingress = '127.0.0.1:1'`);
    const [broker] = await serving();
    await expect(rest.call('POST', `/brokers/${broker?.id}/drain`, {})).rejects.toThrow('409 conflict');
    await expect(rest.call('POST', `/brokers/${randomUUID()}/drain`, {})).rejects.toThrow('404 not-found');
    expect(await tunnelState()).toBe('up');
  });

  it('are nobody else’s affair', async () => {
    const [broker] = await serving();
    const { rest: stranger } = await otherTenant(platform);
    await expect(stranger.list('/brokers')).rejects.toThrow('404 not-found');
    await expect(stranger.call('POST', `/brokers/${broker?.id}/drain`, {})).rejects.toThrow('404 not-found');
    const { id } = site.record;
    await expect(stranger.call('POST', `/sites/${id}/tunnel/disconnect`)).rejects.toThrow('404 not-found');
    expect(await tunnelState()).toBe('up');
  });
});
