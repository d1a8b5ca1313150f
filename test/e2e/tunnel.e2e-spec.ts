import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { randomUUID } from 'node:crypto';
import type { Session } from '@app/multiplex';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { TunnelDialer } from '@app/tunnel-dialer';
import { waitUntil } from '../harness/condition.js';
import { closeOf, type Credentials, enrolled, openTunnel, type TunnelOptions } from '../harness/tunnel-agent.js';
import { type Keyfile, type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

const run = promisify(execFile);

let cloud: TunnelCloud;
let web: Server;
let services: Record<string, number>;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
  web = createServer((request, response) => response.end(`hello ${request.url}`)).listen(0, '127.0.0.1');
  await once(web, 'listening');
  services = { web: (web.address() as AddressInfo).port, directory: (web.address() as AddressInfo).port, gone: 1 };
}, 90_000);

afterAll(async () => {
  web?.close();
  await cloud?.stop();
});

interface Joined extends TestSite {
  keyfile: Keyfile;
  identity: Credentials;
  session: Session;
}

const join = async (options: TunnelOptions = {}): Promise<Joined> => {
  const site = await cloud.newSite();
  const keyfile = await cloud.newKeyfile(site);
  const identity = await enrolled(cloud.tunnelPort, keyfile.text);
  const session = await openTunnel(cloud.tunnelPort, identity, { services, ...options });
  return { ...site, keyfile, identity, session };
};

/** @returns the status of the proxy's answer, and of the service or its text */
const curl = async (
  site: string,
  service: string,
  ticket: string | undefined,
  ingressPort = cloud.ingressPort,
): Promise<{ connect: number; code: string; body: string }> => {
  const credentials = ticket === undefined ? [] : ['-U', `ticket:${ticket}`];
  const proxy = ['-p', '-x', `http://127.0.0.1:${ingressPort}`, ...credentials];
  const shown = ['-s', '-D', '-', '-w', '\n%{http_connect}', '--max-time', '10'];
  const url = `http://${service}.${site}.tunnel.adit.internal/path`;
  const { stdout } = await run('curl', [...shown, ...proxy, url]).catch((error: { stdout: string }) => error);
  return {
    connect: Number(stdout.trim().split('\n').at(-1)),
    code: /^adit-code: (\S+)/im.exec(stdout)?.[1] ?? '',
    body: /\r\n\r\n([^\r]*)\n\d+$/.exec(stdout)?.[1] ?? '',
  };
};

describe('a tunnel', () => {
  it('comes up with a new certificate, which is current from then on, and closes its keyfile', async () => {
    const { session, keyfile, ...site } = await join();
    expect(session.state).toBe('open');
    expect(await cloud.keyfileState(keyfile.keyfileId)).toBe('closed');
    expect(await cloud.sessions(site)).toMatchObject([{ closed_at: null, remote_address: '127.0.0.1' }]);
    session.close();
    await waitUntil('the row is closed', async () => (await cloud.sessions(site))[0]?.close_reason === 'normal');
  });

  it('is superseded by a newer process of the same agent, and the older one is kept out', async () => {
    const { session, identity, ...site } = await join({ instanceId: 'first' });
    const newer = await openTunnel(cloud.tunnelPort, identity, { instanceId: 'second' });
    expect((await closeOf(session)).code).toBe('superseded');
    await expect(openTunnel(cloud.tunnelPort, identity, { instanceId: 'first' })).rejects.toMatchObject({
      code: 'superseded',
    });
    expect(newer.state).toBe('open');
    expect(await cloud.sessions(site)).toMatchObject([{ close_reason: 'superseded' }, { closed_at: null }]);
    await waitUntil('the audit tells of it', async () =>
      (await cloud.audited(site.siteId)).includes('agent.clone-refused'),
    );
    newer.close();
  });

  it('replaces an older connection of the same process', async () => {
    const { identity, ...site } = await join({ instanceId: 'same' });
    const again = await openTunnel(cloud.tunnelPort, identity, { instanceId: 'same' });
    expect(await cloud.sessions(site)).toMatchObject([{ close_reason: 'reconnected' }, { closed_at: null }]);
    again.close();
  });

  it('ends when its keyfile is revoked, and does not come back', async () => {
    const { session, identity, keyfile, ...site } = await join();
    const started = Date.now();
    await cloud.revoke(keyfile.keyfileId);
    expect((await closeOf(session)).code).toMatch(/^(agent|certificate)-revoked$/);
    expect(Date.now() - started).toBeLessThan(3_000);
    await expect(openTunnel(cloud.tunnelPort, identity)).rejects.toMatchObject({
      code: expect.stringMatching(/-revoked$/),
    });
    await waitUntil('the row is closed', async () => (await cloud.sessions(site))[0]?.closed_at !== null);
  });

  it('ends with its certificate', async () => {
    const { session, identity, keyfile } = await join();
    session.close();
    await cloud.query(
      `UPDATE certificate SET not_after = now() + interval '1 second' WHERE agent_id = $1 AND state = 'current'`,
      [keyfile.agentId],
    );
    const short = await openTunnel(cloud.tunnelPort, identity);
    expect((await closeOf(short)).code).toBe('certificate-expired');
    await expect(openTunnel(cloud.tunnelPort, identity)).rejects.toMatchObject({ code: 'certificate-expired' });
  });

  it('is one, however many processes of an agent come at the same moment', async () => {
    const { identity, ...site } = await join({ instanceId: 'before' });
    const second = await cloud.secondBroker();
    const ports = [cloud.tunnelPort, second.tunnelPort];
    const opening = Array.from({ length: 12 }, (_, index) => openTunnel(ports[index % 2] ?? 0, identity));
    const outcomes = await Promise.allSettled(opening);
    const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    await waitUntil('one is left', () => opened.filter(({ state }) => state === 'open').length === 1);
    expect((await cloud.sessions(site)).filter(({ closed_at }) => closed_at === null)).toHaveLength(1);
    for (const session of opened) session.close();
    await second.stop();
  }, 30_000);

  it('is admitted while the issuer is away, unless its certificate was never used', async () => {
    const { identity, session } = await join({ instanceId: randomUUID() });
    const site = await cloud.newSite();
    const fresh = await enrolled(cloud.tunnelPort, (await cloud.newKeyfile(site)).text);
    const back = cloud.platform.kill('keyfile-issuer');
    const known = openTunnel(cloud.tunnelPort, identity);
    const unknown = openTunnel(cloud.tunnelPort, fresh);
    await expect(unknown).rejects.toMatchObject({ code: 'unavailable' });
    expect((await known).state).toBe('open');
    await back;
    const later = await openTunnel(cloud.tunnelPort, fresh);
    for (const one of [session, await known, later]) one.close();
  }, 40_000);
});

describe('a dial', () => {
  it('reaches a service of the site through the proxy that curl knows', async () => {
    const { label, session, siteId } = await join();
    const answer = await curl(label, 'web', await cloud.ticket(label, 'web'));
    expect(answer).toEqual({ connect: 200, code: '', body: 'hello /path' });
    expect(await cloud.audited(siteId)).toContain('dial.opened');
    session.close();
  });

  it('needs a ticket, and takes each one once', async () => {
    const { label, session } = await join();
    const ticket = await cloud.ticket(label, 'web');
    expect(await curl(label, 'web', undefined)).toMatchObject({ connect: 407, code: 'unauthenticated' });
    expect(await curl(label, 'web', ticket)).toMatchObject({ connect: 200 });
    expect(await curl(label, 'web', ticket)).toMatchObject({ connect: 407, code: 'ticket-used' });
    session.close();
  });

  it('is refused by what the ticket says, and by what the site offers', async () => {
    const { label, session } = await join();
    const refusals = [
      [await curl(label, 'web', await cloud.ticket(label, 'other')), 403, 'dial-refused'],
      [await curl(label, 'web', await cloud.ticket(label, 'web', { issuer: 'federation' })), 403, 'dial-refused'],
      [await curl(label, 'web', await cloud.ticket(label, 'web', { brokerId: randomUUID() })), 407, 'ticket-invalid'],
      [await curl(label, 'camera', await cloud.ticket(label, 'camera')), 403, 'unknown-service'],
      [await curl(label, 'gone', await cloud.ticket(label, 'gone')), 502, 'dial-failed'],
      [await curl('nowhere', 'web', await cloud.ticket('nowhere', 'web')), 404, 'not-found'],
      [await curl(label, 'web', await cloud.ticket(label, 'web', { tenantId: randomUUID() })), 404, 'not-found'],
    ] as const;
    for (const [answer, connect, code] of refusals) expect(answer).toMatchObject({ connect, code });
    session.close();
    await closeOf(session);
    await waitUntil('the site is offline', async () => {
      const answer = await curl(label, 'web', await cloud.ticket(label, 'web'));
      return answer.connect === 503 && answer.code === 'site-offline';
    });
  });

  it('at the wrong broker is relayed once to the owner, and its ticket opens nothing else', async () => {
    const { label, session } = await join();
    const second = await cloud.secondBroker();
    const brokerId = await cloud.brokerId(second.ingressPort);
    const ticket = await cloud.ticket(label, 'web', { brokerId });
    expect(await curl(label, 'web', ticket, second.ingressPort)).toMatchObject({ connect: 200, body: 'hello /path' });
    expect(await curl(label, 'web', ticket, second.ingressPort)).toMatchObject({ code: 'ticket-used' });
    const stolen = await cloud.ticket(label, 'web', { brokerId });
    const pretending = await fetchConnect(label, stolen, brokerId);
    expect(pretending).toBe('ticket-invalid');
    await second.stop();
    session.close();
  }, 40_000);
});

/** A CONNECT at the first broker that claims to be relayed. @returns the code of the refusal */
const fetchConnect = async (site: string, ticket: string, relayedBy: string): Promise<string> => {
  const headers = ['--proxy-header', `Adit-Relayed: ${relayedBy}`, '-U', `ticket:${ticket}`];
  const proxy = ['-p', '-x', `http://127.0.0.1:${cloud.ingressPort}`];
  const url = `http://web.${site}.tunnel.adit.internal/`;
  const { stdout } = await run('curl', ['-s', '-D', '-', ...headers, ...proxy, url]).catch(
    (error: { stdout: string }) => error,
  );
  return /^adit-code: (\S+)/im.exec(stdout)?.[1] ?? '';
};

/** A dial that stays open and says nothing. */
const holdDial = async (site: string, ingressPort: number): Promise<Socket> => {
  const ticket = await cloud.ticket(site, 'web', { brokerId: await cloud.brokerId(ingressPort) });
  const socket = connectTcp(ingressPort, '127.0.0.1');
  socket.on('error', () => undefined);
  const target = `web.${site}.tunnel.adit.internal:80`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\nproxy-authorization: Bearer ${ticket}\r\n\r\n`);
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
  return socket;
};

describe('a broker', () => {
  it('that is killed finds its agents again, and closes what it left open', async () => {
    const { identity, session, label, ...site } = await join({ instanceId: 'stays' });
    await cloud.platform.kill('tunnel-broker');
    expect((await closeOf(session)).code).toMatch(/^transport-/);
    const again = await openTunnel(cloud.tunnelPort, identity, { instanceId: 'stays', services });
    expect(await cloud.sessions({ ...site, label })).toMatchObject([
      { close_reason: 'broker-lost' },
      { closed_at: null },
    ]);
    expect(await curl(label, 'web', await cloud.ticket(label, 'web'))).toMatchObject({ connect: 200 });
    again.close();
  }, 40_000);

  it('hands a moved agent over to another broker at once', async () => {
    const { identity, session, label, siteId } = await join({ instanceId: 'moving' });
    const second = await cloud.secondBroker();
    const moved = await openTunnel(second.tunnelPort, identity, { instanceId: 'moving', services });
    expect((await closeOf(session)).code).toBe('superseded');
    expect(await curl(label, 'web', await cloud.ticket(label, 'web'))).toMatchObject({ connect: 200 });
    const busy = await holdDial(label, second.ingressPort);
    const ended = closeOf(moved);
    await second.stop();
    expect((await ended).code).toBe('drain-deadline');
    expect((await cloud.sessions({ siteId, label })).at(-1)).toMatchObject({ close_reason: 'broker-stopped' });
    busy.destroy();
  }, 40_000);

  it('opens a row again that others gave up, and ends a session that was superseded unnoticed', async () => {
    const { session, ...site } = await join();
    const [row] = await cloud.sessions(site);
    const closeRow = (reason: string) =>
      cloud.query('UPDATE tunnel_session SET closed_at = now(), close_reason = $2 WHERE id = $1', [row?.id, reason]);
    await closeRow('broker-lost');
    await waitUntil('the row is open again', async () => (await cloud.sessions(site))[0]?.closed_at === null);
    expect(session.state).toBe('open');
    await closeRow('superseded');
    expect((await closeOf(session)).code).toBe('superseded');
  }, 30_000);

  it.each(['ADIT_TUNNEL_PORT', 'ADIT_INGRESS_PORT'])(
    'names %s when its port is in use',
    async (key) => {
      const starting = cloud.secondBroker({ [key]: String(cloud.tunnelPort) });
      await expect(starting).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(key) });
    },
    20_000,
  );

  it('offers its ingress over TLS, to dialers and to other brokers', async () => {
    const second = await cloud.secondBroker({ ADIT_INGRESS_TLS: 'true' });
    const site = await cloud.newSite();
    const identity = await enrolled(second.tunnelPort, (await cloud.newKeyfile(site)).text);
    const session = await openTunnel(second.tunnelPort, identity, { services });
    const dialer = new TunnelDialer({
      domain: 'adit.internal',
      routes: async () => ({
        brokerId: await cloud.brokerId(second.ingressPort),
        ingress: `127.0.0.1:${second.ingressPort}`,
        ingressTls: true,
      }),
      mint: ({ site: label, service }, brokerId) => cloud.ticket(label, service, { brokerId }),
      direct: { allowCidrs: [] },
      ingressRoots: () => Promise.resolve(cloud.roots()),
    });
    const address = `web.${site.label}.tunnel.adit.internal`;
    const socket = await dialer.dial({ tenantId: DEFAULT_TENANT_ID, address, class: 'bulk', user: 'anna' });
    socket.write('GET /tls HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toContain('hello /tls');
    socket.destroy();
    expect(await curl(site.label, 'web', await cloud.ticket(site.label, 'web'))).toMatchObject({ connect: 200 });
    session.close();
    await second.stop();
  }, 40_000);

  it.each([
    ['a head over 8 KiB', `CONNECT x:1 HTTP/1.1\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`, '431'],
    ['a head that never ends', 'CONNECT x:1 HTTP/1.1\r\n', '408'],
    ['another method', 'GET http://example.com/ HTTP/1.1\r\nhost: example.com\r\n\r\n', '405'],
    ['a question that is none', 'GET /relays/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', '404'],
    ['a target outside', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nproxy-authorization: Bearer x\r\n\r\n', '403'],
  ])(
    'ends %s',
    async (_case, text, status) => {
      const socket = connectTcp(cloud.ingressPort, '127.0.0.1');
      const chunks: Buffer[] = [];
      socket.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.write(text);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(Buffer.concat(chunks).toString('latin1')).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    },
    15_000,
  );
});
