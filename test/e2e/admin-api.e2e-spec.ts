import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicKeys, verifyViewTicket } from '@app/contracts';
import { decodeKeyfile, keyfileFingerprint } from '@app/pki';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { insertTenant } from './persistence.rows.js';

interface Site {
  id: string;
  name: string;
  label: string;
  tunnelAddress: string;
  tunnel: { state: string; since: string | null };
}
interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

let platform: Platform;
let admin: HttpClient;
let nobody: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'federation', 'admin-api'] });
  nobody = new HttpClient(platform.api);
  admin = await nobody.signIn('admin', readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim());
}, 60_000);

afterAll(() => platform?.stop());

const createSite = async (body: { name: string; label?: string }): Promise<Site> =>
  (await admin.ask<Site>('POST', '/api/v1/sites', body)).body;

const audited = async (action: string): Promise<number> => {
  const sql = "SELECT count(*)::int AS rows FROM audit_event WHERE body::jsonb ->> 'action' = $1";
  return (await platform.query<{ rows: number }>(sql, [action]))[0]?.rows ?? 0;
};

describe('sites', () => {
  it('get a label from their name, and the next free one when it is taken', async () => {
    const first = await createSite({ name: 'Köln Süd' });
    const second = await createSite({ name: 'Köln, Süd!' });
    expect([first.label, second.label]).toEqual(['koeln-sued', 'koeln-sued-2']);
    expect(first.tunnelAddress).toBe('directory.koeln-sued.tunnel.adit.internal');
    expect(first.tunnel).toEqual({ state: 'never', since: null });
  });

  it('are refused when the label that was asked for is taken', async () => {
    await createSite({ name: 'Bremen', label: 'bremen' });
    const { status, body } = await admin.ask('POST', '/api/v1/sites', { name: 'Other', label: 'bremen' });
    expect([status, body['code']]).toEqual([409, 'site-label-taken']);
  });

  it('all get a label of their own when many of one name are created at once', async () => {
    const sites = await Promise.all(Array.from({ length: 8 }, () => createSite({ name: 'Lübeck' })));
    expect(new Set(sites.map(({ label }) => label)).size).toBe(8);
  });

  it('keep their label when they are renamed', async () => {
    const { id, label } = await createSite({ name: 'Kiel' });
    const { body } = await admin.ask<Site>('PATCH', `/api/v1/sites/${id}`, { name: 'Kiel Hafen' });
    expect([body.name, body.label]).toEqual(['Kiel Hafen', label]);
    expect(await audited('site.renamed')).toBe(1);
  });

  it('come in pages that neither repeat nor miss one', async () => {
    for (const n of [1, 2, 3, 4, 5]) await createSite({ name: `Page ${n}` });
    const all = (await admin.ask<Page<Site>>('GET', '/api/v1/sites?limit=200')).body.items.map(({ id }) => id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await admin.ask<Page<Site>>('GET', `/api/v1/sites?limit=2${query}`);
      seen.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(all);
  });

  it('of another tenant, and all that hangs on them, are not found', async () => {
    const { siteId, tokenId } = await insertTenant(platform.query.bind(platform));
    const paths = [
      `/sites/${siteId}`,
      `/sites/${siteId}/tunnel`,
      `/sites/${siteId}/tunnel/history`,
      `/sites/${siteId}/keyfiles`,
      `/keyfiles/${tokenId}`,
    ];
    const statuses = await Promise.all(paths.map(async (path) => (await admin.ask('GET', `/api/v1${path}`)).status));
    expect(statuses).toEqual(paths.map(() => 404));
    expect((await admin.ask('POST', `/api/v1/sites/${siteId}/keyfiles`, {})).status).toBe(404);
    expect((await admin.ask('PATCH', `/api/v1/sites/${siteId}`, { name: 'mine' })).status).toBe(404);
    const { body } = await admin.ask<Page<Site>>('GET', '/api/v1/sites?limit=200');
    expect(body.items.map(({ id }) => id)).not.toContain(siteId);
  });
});

describe('keyfiles', () => {
  it('are handed out once, can be read as format 1, and then only listed', async () => {
    const site = await createSite({ name: 'Rostock' });
    const issued = await admin.ask<{ keyfile: { keyfileId: string }; content: string; fingerprint: string }>(
      'POST',
      `/api/v1/sites/${site.id}/keyfiles`,
      { validForSeconds: 3_600 },
    );
    expect(issued.status).toBe(201);
    const { keyfile, content, fingerprint } = issued.body;
    const decoded = decodeKeyfile(Buffer.from(content), { now: new Date() });
    expect(keyfileFingerprint(decoded.document.trust.rootSpkiSha256[0] ?? '', keyfile.keyfileId)).toBe(fingerprint);
    const list = await admin.ask<Page<object>>('GET', `/api/v1/sites/${site.id}/keyfiles`);
    expect(list.body.items).toMatchObject([
      { keyfileId: keyfile.keyfileId, state: 'issued', issuedBy: 'operator:admin' },
    ]);
    expect(JSON.stringify(list.body)).not.toContain(decoded.document.token);
  });

  it('stay revoked when they are revoked twice', async () => {
    const site = await createSite({ name: 'Wismar' });
    const { body } = await admin.ask<{ keyfile: { keyfileId: string } }>(
      'POST',
      `/api/v1/sites/${site.id}/keyfiles`,
      {},
    );
    const path = `/api/v1/keyfiles/${body.keyfile.keyfileId}/revoke`;
    const answers = [await admin.ask('POST', path, { reason: 'lost' }), await admin.ask('POST', path)];
    expect(answers.map((answer) => [answer.status, answer.body['state']])).toEqual([
      [200, 'revoked'],
      [200, 'revoked'],
    ]);
  });
});

describe('tunnels', () => {
  it('tell up, stale and down apart, and keep the history with its reasons', async () => {
    const site = await createSite({ name: 'Stade' });
    const broker = randomUUID();
    await platform.query("INSERT INTO broker (id, ingress) VALUES ($1, '127.0.0.1:1')", [broker]);
    const [tenant] = await platform.query<{ id: string }>('SELECT tenant_id AS id FROM site WHERE id = $1', [site.id]);
    const agent = randomUUID();
    await platform.query('INSERT INTO agent (id, tenant_id, site_id) VALUES ($1, $2, $3)', [
      agent,
      tenant?.id,
      site.id,
    ]);
    await platform.query(
      `INSERT INTO tunnel_session (id, tenant_id, site_id, agent_id, broker_id, instance_id, certificate_serial, remote_address, agent_version, platform, rtt_ms)
       VALUES ($1, $2, $3, $4, $5, 'i', '01', '192.0.2.7:1', '0.1.0', 'linux', 12.5)`,
      [randomUUID(), tenant?.id, site.id, agent, broker],
    );
    const tunnel = async (): Promise<unknown> => (await admin.ask('GET', `/api/v1/sites/${site.id}/tunnel`)).body;
    expect(await tunnel()).toMatchObject({ state: 'up', remoteAddress: '192.0.2.7:1', rttMs: 12.5, closeReason: null });
    await platform.query("UPDATE broker SET heartbeat_at = now() - interval '20 seconds' WHERE id = $1", [broker]);
    expect(await tunnel()).toMatchObject({ state: 'stale' });
    await platform.query(
      "UPDATE tunnel_session SET closed_at = now(), close_reason = 'peer-lost' WHERE agent_id = $1",
      [agent],
    );
    expect(await tunnel()).toMatchObject({ state: 'down', closeReason: 'peer-lost' });
    const history = await admin.ask<Page<object>>('GET', `/api/v1/sites/${site.id}/tunnel/history`);
    expect(history.body.items).toMatchObject([{ closeReason: 'peer-lost', agentVersion: '0.1.0' }]);
    expect((await admin.ask<Site>('GET', `/api/v1/sites/${site.id}`)).body.tunnel.state).toBe('down');
  });

  it('of a site that never connected are not found', async () => {
    const site = await createSite({ name: 'Emden' });
    expect((await admin.ask('GET', `/api/v1/sites/${site.id}/tunnel`)).status).toBe(404);
  });
});

describe('federation roles, cameras and view tickets', () => {
  const roleOf = async (siteId: string): Promise<{ id: string; state: string }> => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const { body } = await admin.ask<Page<{ id: string; state: string }>>(
        'GET',
        `/api/v1/federation-roles?siteId=${siteId}`,
      );
      if (body.items[0]) return body.items[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the site did not get its role');
  };

  it('keep a role’s password out of every answer and store it sealed', async () => {
    const site = await createSite({ name: 'Husum' });
    const { id, state } = await roleOf(site.id);
    expect(state).toBe('unconfigured');
    const password = 'a very secret password';
    const changed = await admin.ask('PATCH', `/api/v1/federation-roles/${id}`, { username: 'federation', password });
    expect([changed.status, changed.body['username']]).toEqual([200, 'federation']);
    expect(JSON.stringify(changed.body)).not.toContain(password);
    const [row] = await platform.query<{ sealed: Buffer }>(
      'SELECT password_sealed AS sealed FROM federation_role WHERE id = $1',
      [id],
    );
    expect(row?.sealed.length).toBeGreaterThan(password.length);
    expect(row?.sealed.includes(password)).toBe(false);
    expect(platform.lines.join('\n')).not.toContain(password);
  });

  it('give a stream URL whose ticket says what the URL says, and end it when it is revoked', async () => {
    const site = await createSite({ name: 'Plön' });
    const role = await roleOf(site.id);
    const camera = randomUUID();
    await platform.query(
      `INSERT INTO entity (id, tenant_id, site_id, role_id, remote_id, kind, name, path, state, details)
       SELECT $1, tenant_id, site_id, id, 'gate', 'camera', 'Gate', 'gate', 'online', '{"streams": []}' FROM federation_role WHERE id = $2`,
      [camera, role.id],
    );
    const { status, body } = await admin.ask<{ url: string; ticketId: string; firstUseBy: string; expiresAt: string }>(
      'POST',
      `/api/v1/cameras/${camera}/view-tickets`,
      { usage: 'high-res', validForSeconds: 86_400 },
    );
    expect(status).toBe(201);
    const url = new URL(body.url);
    expect(url.pathname).toBe('/ploen/gate/high-res');
    const keys = publicKeys.parse(JSON.parse(readFileSync(join(platform.dataDir, 'public-keys.json'), 'utf8')));
    const ticket = await verifyViewTicket(url.searchParams.get('ticket') ?? '', keys);
    expect(ticket).toMatchObject({ site: 'ploen', camera: 'gate', usage: 'high-res', ticketId: body.ticketId });
    expect(new Date(ticket.expiresAt).toISOString()).toBe(body.expiresAt);
    const revoked = await admin.ask('POST', `/api/v1/view-tickets/${body.ticketId}/revoke`);
    expect(revoked.body['revokedAt']).toEqual(expect.any(String));
    expect(await audited('view-ticket.revoked')).toBe(1);
    const list = await admin.ask<Page<object>>('GET', '/api/v1/view-tickets');
    expect(JSON.stringify(list.body)).not.toContain('rtsp://');
  });

  it('answer for a camera that is not there with its own code', async () => {
    const { status, body } = await admin.ask('POST', `/api/v1/cameras/${randomUUID()}/view-tickets`, {});
    expect([status, body['code']]).toEqual([404, 'camera-not-found']);
  });
});
