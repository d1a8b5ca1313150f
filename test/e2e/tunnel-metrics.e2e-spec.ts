import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { TunnelDialer } from '@app/tunnel-dialer';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { runCommand } from '../../tools/launcher/command.mjs';
import { waitUntil } from '../harness/condition.js';
import { type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

const BYTES = 300_000;

describe('what broker and agent tell of a tunnel', () => {
  let cloud: TunnelCloud;
  let agent: AppProcess;
  let site: TestSite;
  let stateDir: string;
  let source: Server;
  /** Of the service's connections. */
  const accepted: Socket[] = [];

  const agentFile = (uplink: object): void => {
    const { port } = source.address() as AddressInfo;
    const services = { source: { address: `127.0.0.1:${port}`, classes: ['control'] } };
    writeFileSync(join(stateDir, 'agent.yaml'), JSON.stringify({ services, uplink }), { mode: 0o600 });
  };

  const status = async (): Promise<string> =>
    runCommand(process.execPath, [entryOf('agent'), 'status'], {
      env: { PATH: process.env['PATH'], ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' },
    });

  /** Of one series of /metrics; NaN when it is not there. */
  const metric = async (name: string, ...labels: string[]): Promise<number> => {
    const port = cloud.platform.ports.health['tunnel-broker'] ?? 0;
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const isIt = (line: string): boolean =>
      line.startsWith(`${name}{`) && labels.every((label) => line.includes(label));
    return Number(text.split('\n').find(isIt)?.split(' ').at(-1) ?? Number.NaN);
  };

  const dial = async (service: string): Promise<Socket> => {
    const brokerId = await cloud.brokerId();
    const dialer = new TunnelDialer({
      domain: 'adit.internal',
      routes: () => Promise.resolve({ brokerId, ingress: `127.0.0.1:${cloud.ingressPort}`, ingressTls: false }),
      mint: (asked, id) => cloud.ticket(asked.site, asked.service, { issuer: 'admin-api', brokerId: id }),
      direct: { allowCidrs: [] },
    });
    return dialer.dial({
      tenantId: '01900000-0000-7000-8000-000000000001',
      address: `${service}.${site.label}.tunnel.adit.internal`,
      class: 'control',
      user: 'anna',
    });
  };

  beforeAll(async () => {
    source = createServer((socket) => {
      accepted.push(socket.on('error', () => undefined));
      socket.write(Buffer.alloc(BYTES));
    }).listen(0, '127.0.0.1');
    await once(source, 'listening');
    cloud = await TunnelCloud.start();
    site = await cloud.newSite();
    const { text } = await cloud.newKeyfile(site);
    stateDir = join(cloud.platform.dataDir, 'agent');
    mkdirSync(stateDir, { mode: 0o700 });
    agentFile({ limit: '20 Mbit/s' });
    const keyfile = join(cloud.platform.dataDir, 'keyfile');
    writeFileSync(keyfile, text, { mode: 0o600 });
    agent = new AppProcess({
      name: 'agent',
      entry: entryOf('agent'),
      args: ['run', '--keyfile', keyfile],
      env: { ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' },
      readyType: 'up',
      log: (name, line) => cloud.platform.note(name, line),
    });
    await agent.start(30_000);
  }, 90_000);

  afterAll(async () => {
    source?.close();
    await agent?.stop();
    await cloud?.stop();
  });

  it('is in /metrics: sessions, dials by code, payload by class and direction, resets by code', async () => {
    const carried = (): Promise<number> => metric('adit_tunnel_bytes_total', 'class="control"', 'direction="up"');
    const open = (): Promise<number> => metric('adit_tunnel_channels', 'class="control"');
    // Through the same tunnel the agent itself has asked whom to trust, and told how it is; it does so again much later.
    const reports = (): Promise<unknown[]> => cloud.query('SELECT 1 FROM site_condition');
    await waitUntil('the agent has told how it is', async () => (await reports()).length === 1 && (await open()) === 0);
    expect(await carried()).toBeGreaterThan(0);
    const before = await carried();
    const socket = await dial('source');
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await waitUntil('all is here', () => bytes === BYTES);
    expect(await metric('adit_tunnel_sessions')).toBe(1);
    expect((await carried()) - before).toBe(BYTES);
    expect(await open()).toBe(1);
    expect(await metric('adit_tunnel_dials_total', 'code="ok"')).toBe(1);
    expect(await metric('adit_tunnel_budget_reserved_bytes')).toBeGreaterThan(0);
    expect(await metric('adit_tunnel_round_trip_seconds_count')).toBeGreaterThan(0);
    accepted[0]?.resetAndDestroy();
    await waitUntil('the channel has ended', async () => (await open()) === 0);
    expect(await metric('adit_tunnel_resets_total', 'class="control"', 'code="socket-error"')).toBe(1);
    await expect(dial('nothing')).rejects.toThrow();
    expect(await metric('adit_tunnel_dials_total', 'code="unknown-service"')).toBeGreaterThanOrEqual(1);
  }, 30_000);

  it('is in the agent’s status, with the limit of its uplink, also when that is changed while it runs', async () => {
    await waitUntil('the status is written', async () => /Carried, control +sent 300 kB/.test(await status()), 15_000);
    expect(await status()).toMatch(/Uplink limit +20 Mbit\/s\n/);
    agentFile({ schedule: [{ limit: '512 kbit/s' }] });
    await waitUntil('the new limit holds', async () =>
      /Uplink limit +512 kbit\/s \(line 1 of the schedule\)/.test(await status()),
    );
    agentFile({ limit: 'much' });
    const isSaid = (): boolean => cloud.platform.lines.some((line) => line.includes('uplink.limit: expected a rate'));
    await waitUntil('what is wrong is said', isSaid);
    expect(await status()).toMatch(/Uplink limit +512 kbit\/s/);
  }, 60_000);
});
