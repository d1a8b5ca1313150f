import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeKeyfile } from '@app/pki';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';

interface Certificate {
  role: string;
  generation: number;
  issuing: boolean;
  trusted: boolean;
  pem: string;
}
interface Authority {
  step: string;
  revision: number;
  bundleVersion: number;
  certificates: Certificate[];
  agents: object;
  brokers: object;
  keyfilesOfOtherTree: number;
}

const PATH = '/api/v1/authority';
let platform: Platform;
let admin: HttpClient;
let nobody: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'admin-api'] });
  nobody = new HttpClient(platform.api);
  admin = await nobody.signIn('admin', readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim());
}, 60_000);

afterAll(() => platform?.stop());

const get = async (): Promise<Authority> => (await admin.ask<Authority>('GET', PATH)).body;
const step = async (action: string, body: object = {}) => {
  const { status, body: answer } = await admin.ask('POST', `${PATH}/rotation${action}`, body);
  return [status, answer['step'] ?? answer['code']];
};

describe('the authority', () => {
  it('shows its certificates, its list of roots and who it waits for', async () => {
    const { certificates, ...rest } = await get();
    expect(rest).toMatchObject({
      step: 'idle',
      revision: 1,
      bundleVersion: 1,
      agents: { seen: 0, acknowledged: 0, onIssuingCa: 0 },
      brokers: { alive: 0, current: 0 },
      keyfilesOfOtherTree: 0,
    });
    expect(certificates.map(({ role, issuing, trusted }) => [role, issuing, trusted])).toEqual(
      ['root', 'agent-ca', 'claim-ca', 'server-ca', 'keyfile-signing'].map((role) => [role, true, true]),
    );
    expect((await admin.ask('GET', `${PATH}/missing-agents`)).body).toEqual({ items: [], nextCursor: null });
  });

  it('is rotated by its steps, each by its revision, and keyfiles have the roots of the step', async () => {
    const site = (await admin.ask<{ id: string }>('POST', '/api/v1/sites', { name: 'Hamburg' })).body;
    const rootsOf = async (): Promise<number> => {
      const issued = await admin.ask<{ content: string; keyfile: { keyfileId: string } }>(
        'POST',
        `/api/v1/sites/${site.id}/keyfiles`,
        {},
      );
      await admin.ask('POST', `/api/v1/keyfiles/${issued.body.keyfile.keyfileId}/revoke`, {});
      return decodeKeyfile(Buffer.from(issued.body.content), { now: new Date() }).document.trust.roots.length;
    };
    expect(await step('/publish')).toEqual([409, 'rotation-state']);
    expect(await step('')).toEqual([200, 'prepared']);
    expect(await step('')).toEqual([409, 'rotation-state']);
    expect(await rootsOf()).toBe(1);
    expect(await step('/publish', { revision: 1 })).toEqual([409, 'rotation-state']);
    expect(await step('/publish', { revision: 2 })).toEqual([200, 'published']);
    expect(await rootsOf()).toBe(2);
    expect(await step('/activate')).toEqual([200, 'activated']);
    expect(await rootsOf()).toBe(2);
    expect(await step('/taint')).toEqual([200, 'tainted']);
    expect((await get()).certificates.filter(({ issuing }) => issuing).map(({ generation }) => generation)).toEqual(
      Array.from({ length: 5 }, () => 2),
    );
    expect(await step('/retire')).toEqual([200, 'idle']);
    expect(await rootsOf()).toBe(1);
  });

  it('is taken back by the revision that it was decided for, and not without', async () => {
    await step('');
    expect(await step('/rollback')).toEqual([400, 'invalid-request']);
    const { revision } = await get();
    expect(await step('/rollback', { revision: revision - 1 })).toEqual([409, 'rotation-state']);
    expect(await step('/rollback', { revision })).toEqual([200, 'idle']);
    expect(await step('/rollback', { revision: revision + 1 })).toEqual([409, 'rotation-state']);
  });

  it.each([{ revision: 0 }, { revision: 'x' }, { revision: null }, { revision: 1e12 }, { force: true }])(
    'refuses %j',
    async (body) => {
      expect(await step('', body)).toEqual([400, 'invalid-request']);
    },
  );

  it('leaves who did what in the audit, refusals too', async () => {
    const rows = await platform.query<{ action: string; actor: string }>(
      `SELECT body::jsonb ->> 'action' AS action, body::jsonb ->> 'actor' AS actor FROM audit_event
        WHERE body::jsonb ->> 'action' LIKE 'authority.%' ORDER BY seq`,
    );
    expect(rows.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['authority.rotation-prepare', 'authority.rotation-refused', 'authority.rotation-retire']),
    );
    expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set(['operator:admin']));
  });

  it('is shown to nobody who has not signed in, and to no other tenant', async () => {
    expect((await nobody.ask('GET', PATH)).status).toBe(401);
    expect((await nobody.ask('POST', `${PATH}/rotation`, {})).status).toBe(401);
    const tenantId = randomUUID();
    await platform.query('INSERT INTO tenant (id, name) VALUES ($1, $2)', [tenantId, 'Another']);
    await platform.query(
      `INSERT INTO operator (tenant_id, username, password_hash, roles)
       SELECT $1, 'stranger', password_hash, roles FROM operator WHERE username = 'admin'`,
      [tenantId],
    );
    const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
    const stranger = await nobody.signIn('stranger', password);
    const answers = await Promise.all([
      stranger.ask('GET', PATH),
      stranger.ask('GET', `${PATH}/missing-agents`),
      stranger.ask('POST', `${PATH}/rotation`, {}),
      ...['publish', 'activate', 'taint', 'retire'].map((action) =>
        stranger.ask('POST', `${PATH}/rotation/${action}`, {}),
      ),
      stranger.ask('POST', `${PATH}/rotation/rollback`, { revision: 1 }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));
    expect((await get()).step).toBe('idle');
  });
});
