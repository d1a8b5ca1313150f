import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { insertTenant } from './persistence.rows.js';

let platform: Platform;
let admin: HttpClient;
let foreigner: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'admin-api'] });
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await new HttpClient(platform.api).signIn('admin', password);
  foreigner = new HttpClient(platform.api, await tokenOfAnotherTenant());
}, 60_000);

afterAll(() => platform?.stop());

const tokenOfAnotherTenant = async (): Promise<string> => {
  const { tenantId } = await insertTenant(platform.query.bind(platform));
  await platform.query('DELETE FROM recovery_request');
  await platform.query(`UPDATE operator SET roles = '{administrator}' WHERE tenant_id = $1`, [tenantId]);
  const token = randomBytes(32).toString('base64url');
  const hash = createHash('sha256').update(token).digest();
  await platform.query('UPDATE bearer_token SET token_hash = $2 WHERE tenant_id = $1', [tenantId, hash]);
  return token;
};

const statusOf = async (client: HttpClient, method: string, path: string, body?: object): Promise<number> =>
  (await client.ask(method, `/api/v1${path}`, body)).status;

describe('the recovery of a restored deployment', () => {
  it('is not there before a restore', async () => {
    expect(await statusOf(admin, 'GET', '/recovery')).toBe(404);
    expect(await statusOf(admin, 'POST', '/recovery/close')).toBe(404);
    expect(await statusOf(admin, 'POST', `/recovery/agents/${randomUUID()}/approve`, { serial: '4a' })).toBe(404);
  });

  it('shows its mark and who waits, to the provider alone, until it is closed', async () => {
    await platform.query(`INSERT INTO recovery (backup_taken_at, journal) VALUES (now() - interval '1 day', 'absent')`);
    const agentId = randomUUID();
    await platform.query(
      `INSERT INTO recovery_request (agent_id, tenant_id, site_id, site_label, serial, der, peer_address)
       VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'hamburg', '4a', '\\x30', '192.0.2.7:1')`,
      [agentId],
    );
    expect((await admin.ask('GET', '/api/v1/recovery')).body).toMatchObject({
      journal: 'absent',
      closedAt: null,
      recovered: 0,
      awaitingApproval: 1,
      waiting: [{ agentId, siteLabel: 'hamburg', peerAddress: '192.0.2.7:1' }],
    });
    const asForeigner = [
      await statusOf(foreigner, 'GET', '/recovery'),
      await statusOf(foreigner, 'POST', `/recovery/agents/${agentId}/approve`, { serial: '4a' }),
      await statusOf(foreigner, 'POST', '/recovery/close'),
    ];
    expect(asForeigner).toEqual([404, 404, 404]);
    // What it showed is no certificate of ours.
    const approve = (named: object) => admin.ask('POST', `/api/v1/recovery/agents/${agentId}/approve`, named);
    expect((await approve({})).status).toBe(400);
    expect((await approve({ serial: 'x' })).status).toBe(400);
    expect((await approve({ serial: '4b' })).status).toBe(404);
    const { status, body } = await approve({ serial: '4a' });
    expect([status, body['code']]).toEqual([404, 'certificate-unknown']);
    const closed = await admin.ask('POST', '/api/v1/recovery/close');
    expect(closed.body).toMatchObject({ closedBy: 'operator:admin', closedAt: expect.any(String) });
    expect(await statusOf(admin, 'POST', '/recovery/close')).toBe(404);
  });
});
