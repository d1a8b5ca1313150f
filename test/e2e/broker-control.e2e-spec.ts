import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { brokerDisconnect, brokerDrain } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { type CommonEnvironment, createLogger, MessageClient } from '@app/runtime';
import { closeOf, type Credentials, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { type SecondBroker, type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

const ASKER = { actor: 'operator:anna', correlationId: 'test' };

let cloud: TunnelCloud;
let second: SecondBroker;
let secondId: string;
let messages: MessageClient;
let site: TestSite;
let credentials: Credentials;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
  second = await cloud.secondBroker();
  secondId = await cloud.brokerId(second.ingressPort);
  const environment = {
    NATS_URL: cloud.platform.natsUrl,
    ADIT_NATS_TOKEN_FILE: join(cloud.platform.dataDir, 'nats.token'),
  } as CommonEnvironment;
  messages = new MessageClient(environment, createLogger('admin-api', 'silent'));
  site = await cloud.newSite();
  credentials = await enrolled(cloud.tunnelPort, (await cloud.newKeyfile(site)).text);
}, 90_000);

afterAll(async () => {
  await messages?.onApplicationShutdown();
  await cloud?.stop();
}, 30_000);

describe('a broker that is told to disconnect a site', () => {
  it('ends its sessions with a reason of their own, for the tenant of the site alone', async () => {
    const session = await openTunnel(second.tunnelPort, credentials);
    const order = { siteId: site.siteId, ...ASKER };
    const disconnect = brokerDisconnect(secondId);
    expect(await messages.request(disconnect, { ...order, tenantId: randomUUID() })).toEqual({ ended: 0 });
    expect(session.state).toBe('open');
    const closed = closeOf(session);
    expect(await messages.request(disconnect, { ...order, tenantId: DEFAULT_TENANT_ID })).toEqual({ ended: 1 });
    expect(await closed).toMatchObject({ code: 'operator' });
    expect((await cloud.sessions(site)).at(-1)).toMatchObject({ broker_id: secondId, close_reason: 'operator' });
    expect(await cloud.audited(site.siteId)).toContain('tunnel.disconnected');
  });

  it('is one process: what is for another never reaches it', async () => {
    const order = { siteId: site.siteId, tenantId: DEFAULT_TENANT_ID, ...ASKER };
    const nobody = messages.request(brokerDisconnect(randomUUID()), order);
    await expect(nobody).rejects.toMatchObject({ code: expect.stringMatching(/^(?:unavailable|timeout)$/) as string });
  });
});

describe('a broker that is told to drain', () => {
  it('sends its agents to another one, takes no new one, and stays until it is stopped', async () => {
    const session = await openTunnel(second.tunnelPort, credentials);
    const going = new Promise((resolve) => session.once('goaway', resolve));
    const order = { ...ASKER, deadlineMs: 5_000 };
    expect(await messages.request(brokerDrain(secondId), order)).toEqual({ sessions: 1 });
    await going;
    const next = await openTunnel(cloud.tunnelPort, credentials);
    await closeOf(session);
    await expect(openTunnel(second.tunnelPort, credentials)).rejects.toMatchObject({ code: 'draining' });
    expect(await messages.request(brokerDrain(secondId), order)).toEqual({ sessions: 0 });
    const [row] = await cloud.query('SELECT state FROM broker WHERE id = $1', [secondId]);
    expect(row).toEqual({ state: 'draining' });
    expect(await cloud.audited(secondId)).toEqual(['broker.drained']);
    next.close('normal');
  });

  it('refuses while it is the last one', async () => {
    const order = { ...ASKER, deadlineMs: 5_000 };
    const last = messages.request(brokerDrain(await cloud.brokerId()), order);
    await expect(last).rejects.toMatchObject({ code: 'conflict' });
  });
});
