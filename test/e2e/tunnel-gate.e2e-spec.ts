import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { Session } from '@app/multiplex';
import { agentTlsOptions, TUNNEL_ALPN } from '@app/pki';
import { proxyHeader } from '../../apps/tunnel-broker/src/listener/proxy-header.kit.js';
import { waitUntil } from '../harness/condition.js';
import { BALANCER_ADDRESS, startFlood, throughBalancer } from '../harness/stranger.js';
import { type Credentials, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

/** What an address without agents may fail at once; see gate-limits.ts. */
const CREDIT = 200;

let cloud: TunnelCloud;
let site: TestSite;
let agent: Credentials;
let port: number;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
  const broker = await cloud.secondBroker({ ADIT_TUNNEL_PROXY_PROTOCOL_FROM: BALANCER_ADDRESS });
  port = broker.tunnelPort;
  site = await cloud.newSite();
  agent = await enrolled(cloud.tunnelPort, (await cloud.newKeyfile(site)).text);
}, 90_000);

afterAll(() => cloud?.stop());

const turnedAway = (reason: string): string[] =>
  cloud.platform.lines.filter((line) => line.includes('turned away') && line.includes(`"${reason}"`));

describe('behind a balancer', () => {
  it('a site’s own address is on record, as the balancer announces it', async () => {
    const announced = proxyHeader({ addresses: ['203.0.113.7', '192.0.2.1'] });
    const tls = agentTlsOptions({ ...agent, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
    const transport = connectTls({ ...tls, socket: await throughBalancer(port, announced) });
    await once(transport, 'secureConnect');
    const hello = { instanceId: randomUUID(), agentVersion: '0.0.0-test', platform: 'test', wallClockMs: Date.now() };
    const session = new Session({ role: 'agent', transport, hello });
    await session.start();
    expect(await cloud.sessions(site)).toMatchObject([{ remote_address: '203.0.113.7', closed_at: null }]);
    session.close();
  });

  it.each([
    ['without a header', 'proxy-header-missing', Buffer.from([0x16, 3, 1, 0, 200])],
    ['with one that nobody can read', 'proxy-header-family', proxyHeader({ family: 0x31 })],
  ])('a connection %s is closed, and the log says why', async (_case, reason, bytes) => {
    const socket = await throughBalancer(port, bytes);
    await once(socket.resume(), 'close');
    await waitUntil('the broker has told it', () => turnedAway(reason).length === 1);
    expect(turnedAway(reason)[0]).toContain(BALANCER_ADDRESS);
  });
});

describe('beside an attacker at the same address', () => {
  it('an agent gets in while the attacker has to wait', async () => {
    const flood = startFlood(port, agent.roots, 50);
    await waitUntil('the attacker has used up what an address may fail at once', () => flood.answered() >= CREDIT);
    const [from, before] = [Date.now(), flood.answered()];
    const session = await openTunnel(port, agent);
    expect(session.state).toBe('open');
    await waitUntil('the flood has gone on', () => flood.answered() > before + 150);
    const perSecond = (flood.answered() - before) / ((Date.now() - from) / 1_000);
    flood.stop();
    expect(perSecond).toBeLessThan(CREDIT);
    expect(await cloud.sessions(site)).toContainEqual(
      expect.objectContaining({ remote_address: '127.0.0.1', closed_at: null }),
    );
    session.close();
  }, 20_000);
});
