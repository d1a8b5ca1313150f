import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { TunnelDialer } from '@app/tunnel-dialer';
import { waitUntil } from '../harness/condition.js';
import { closeOf, enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { TunnelCloud } from '../harness/tunnel-cloud.js';

let cloud: TunnelCloud;
let echo: Server;

beforeAll(async () => {
  cloud = await TunnelCloud.start({ ownPostgres: true });
  echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
}, 90_000);

afterAll(async () => {
  echo?.close();
  await cloud?.stop();
});

describe('while the database is away', () => {
  it('tunnels stay, dials go on, and what ended meanwhile is on record afterwards', async () => {
    const services = { directory: (echo.address() as AddressInfo).port };
    const [here, gone] = [await cloud.newSite(), await cloud.newSite()];
    const open = async (site: typeof here) => {
      const identity = await enrolled(cloud.tunnelPort, (await cloud.newKeyfile(site)).text);
      return openTunnel(cloud.tunnelPort, identity, { services });
    };
    const [stays, ends] = [await open(here), await open(gone)];
    const brokerId = await cloud.brokerId();
    const dialer = new TunnelDialer({
      domain: 'adit.internal',
      routes: () => Promise.resolve({ brokerId, ingress: `127.0.0.1:${cloud.ingressPort}`, ingressTls: false }),
      mint: ({ site, service }, id) => cloud.ticket(site, service, { issuer: 'federation', brokerId: id }),
      direct: { allowCidrs: [] },
    });
    const address = `directory.${here.label}.tunnel.adit.internal`;
    const dial = { tenantId: '01900000-0000-7000-8000-000000000001', address, class: 'control' as const, user: 'role' };
    const before = await dialer.dial(dial);

    const back = cloud.platform.killPostgres();
    ends.close();
    await closeOf(ends);
    const during = await dialer.dial(dial);
    for (const socket of [before, during]) {
      socket.write('still here');
      expect(String((await once(socket, 'data'))[0])).toBe('still here');
      socket.destroy();
    }
    await back;

    const rows = (site: typeof here) => cloud.sessions(site).catch(() => []);
    await waitUntil('the lost end is written', async () => (await rows(gone))[0]?.close_reason === 'normal');
    expect(stays.state).toBe('open');
    const seen = (await cloud.sessions(here))[0];
    expect(seen).toMatchObject({ closed_at: null });
    await waitUntil('the heartbeat goes on', async () => {
      const [row] = await cloud.query<{ fresh: boolean }>(
        `SELECT heartbeat_at > now() - interval '3 seconds' AS fresh FROM broker WHERE id = $1`,
        [brokerId],
      );
      return row?.fresh === true;
    });
    stays.close();
  }, 90_000);
});
