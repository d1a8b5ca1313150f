import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { waitUntil } from '../harness/condition.js';
import { claimOf, enrol, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { TunnelCloud } from '../harness/tunnel-cloud.js';

interface Row {
  actor: string;
  subject: string;
  details: { code: string };
}

let cloud: TunnelCloud;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
}, 60_000);

afterAll(() => cloud?.stop(), 30_000);

const rows = async (action: string): Promise<Row[]> =>
  (
    await cloud.query<{ body: Row }>(`SELECT body::jsonb AS body FROM audit_event WHERE action = $1 ORDER BY seq`, [
      action,
    ])
  ).map(({ body }) => body);
const untilThere = (action: string, count: number): Promise<void> =>
  waitUntil(`${count} rows of ${action}`, async () => (await rows(action)).length >= count);

/** @returns the status of the answer to CONNECT */
const dial = (target: string, ticket?: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = ticket === undefined ? {} : { 'proxy-authorization': `Bearer ${ticket}` };
    const asked = request({
      host: '127.0.0.1',
      port: cloud.ingressPort,
      method: 'CONNECT',
      path: target,
      headers,
      agent: false,
    });
    asked.once('connect', ({ statusCode }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    asked.once('error', reject).end();
  });

describe('what was refused is in the audit, once for many', () => {
  it('an agent that was revoked', async () => {
    const site = await cloud.newSite();
    const keyfile = await cloud.newKeyfile(site);
    const identity = await enrolled(cloud.tunnelPort, keyfile.text);
    (await openTunnel(cloud.tunnelPort, identity)).close();
    await cloud.revoke(keyfile.keyfileId);
    for (let n = 0; n < 5; n++) {
      await expect(openTunnel(cloud.tunnelPort, identity)).rejects.toMatchObject({ code: 'certificate-revoked' });
    }
    await untilThere('agent.refused', 1);
    expect(await rows('agent.refused')).toMatchObject([
      { actor: `agent:${keyfile.agentId}`, subject: site.siteId, details: { address: '127.0.0.1' } },
    ]);
  }, 30_000);

  it('a dial without a ticket, with a forged one, and with a ticket for something else', async () => {
    const { label } = await cloud.newSite();
    const target = `web.${label}.tunnel.adit.internal:80`;
    for (let n = 0; n < 10; n++) expect(await dial(target)).toBe(407);
    for (let n = 0; n < 10; n++) expect(await dial(target, `a.b.${n}`)).toBe(407);
    expect(await dial(target, await cloud.ticket(label, 'ssh'))).toBe(403);
    await untilThere('dial.refused', 3);
    const refused = await rows('dial.refused');
    expect(refused.map(({ actor, details }) => [actor, details.code])).toEqual([
      ['unknown', 'unauthenticated'],
      ['unknown', 'ticket-invalid'],
      ['unknown', 'dial-refused'],
    ]);
  }, 30_000);

  it('but not that a site is away', async () => {
    const { label } = await cloud.newSite();
    const before = (await rows('dial.refused')).length;
    expect(await dial(`web.${label}.tunnel.adit.internal:80`, await cloud.ticket(label, 'web'))).not.toBe(200);
    expect(await rows('dial.refused')).toHaveLength(before);
  }, 30_000);

  it('an enrolment with a wrong token, or of a keyfile that is revoked', async () => {
    const keyfile = await cloud.newKeyfile(await cloud.newSite());
    const token = randomBytes(32).toString('base64url');
    for (let n = 0; n < 4; n++) {
      expect(await enrol(cloud.tunnelPort, keyfile.text, { change: { token } })).toMatchObject({ ok: false });
    }
    await untilThere('enrolment.refused', 1);
    const actor = `keyfile:${keyfile.keyfileId}`;
    expect(await rows('enrolment.refused')).toMatchObject([{ actor, subject: keyfile.keyfileId }]);
    await cloud.revoke(keyfile.keyfileId);
    const credentials = claimOf(keyfile.text);
    expect(await enrol(cloud.tunnelPort, keyfile.text, { credentials })).toMatchObject({ code: 'enrolment-revoked' });
    await untilThere('enrolment.refused', 2);
    expect((await rows('enrolment.refused'))[1]).toMatchObject({ actor, details: { code: 'enrolment-revoked' } });
    expect(JSON.stringify(await rows('enrolment.refused'))).not.toContain(token);
  }, 30_000);
});
