import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { AgentProcess } from '../harness/agent-process.js';
import { waitUntil } from '../harness/condition.js';
import { TunnelCloud } from '../harness/tunnel-cloud.js';

interface Fault {
  code: string;
  endpoint: string;
  count: number;
}

interface Diagnosis {
  ok: boolean;
  running: boolean;
  tunnel: { state: string } | null;
  findings: { subject: string; code: string; level: string; target: string }[];
  outages: { cause: string; to: string | null; faults: Fault[]; restarts: number; reason: string; advice: string }[];
}

/** A way to the broker that can be closed. */
class Line {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly to: number,
    public port = 0,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(this.to, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => undefined).on('close', () => other.destroy());
        one.pipe(other);
      }
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
}

let cloud: TunnelCloud;
let agent: AgentProcess;
let line: Line;
let other: Line;

const run = async (...args: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }> => {
  const child = spawn(process.execPath, [entryOf('agent'), ...args], {
    env: { PATH: process.env['PATH'], ADIT_STATE_DIR: agent.stateDir, ADIT_CONTAINER: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout, stderr };
};

const diag = async (): Promise<Diagnosis & { exitCode: number | null }> => {
  const { exitCode, stdout } = await run('diag', '--json');
  return { ...(JSON.parse(stdout) as Diagnosis), exitCode };
};

/** Texts of the support file by their names. */
const packed = async (): Promise<Map<string, string>> => {
  const path = join(cloud.platform.dataDir, 'support.zip');
  expect(await run('support', '-o', path)).toMatchObject({ exitCode: 0 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const zip = await fromBufferPromise(readFileSync(path));
  const contents = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    contents.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
  }
  return contents;
};

const recorded = (): string => readFileSync(join(agent.stateDir, 'connection-record.jsonl'), 'utf8');
const stateOf = (): string | undefined => agent.state<{ tunnel: { state: string } }>('status.json')?.tunnel.state;

/** The site's endpoints: one line to the broker, and one to a server that has another name. */
const rewriteEndpoints = (): void => {
  const path = join(agent.stateDir, 'identity.json');
  const identity = JSON.parse(readFileSync(path, 'utf8')) as { endpoints: { serverName: string }[] };
  const serverName = identity.endpoints[0]?.serverName;
  const host = '127.0.0.1';
  const endpoints = [
    { host, port: line.port, serverName, priority: 0 },
    { host, port: other.port, serverName: 'broker.example', priority: 1 },
  ];
  writeFileSync(path, JSON.stringify({ ...identity, endpoints }));
};

beforeAll(async () => {
  cloud = await TunnelCloud.start();
  [line, other] = [new Line(cloud.tunnelPort), new Line(cloud.tunnelPort)];
  await Promise.all([line.open(), other.open()]);
  const { text: keyfile } = await cloud.newKeyfile(await cloud.newSite());
  const options = { stateDir: join(cloud.platform.dataDir, 'diagnosed'), keyfile };
  agent = new AgentProcess(options);
  await agent.start();
  await agent.stop();
  rewriteEndpoints();
  // One that was stopped is not started again when it is killed.
  agent = new AgentProcess(options);
  await agent.start();
}, 90_000);

afterAll(async () => {
  await agent?.stop();
  line?.close();
  other?.close();
  await cloud?.stop();
});

describe('a site that looks at itself', () => {
  it('finds nothing wrong while its tunnel is up, and tells of its last start', async () => {
    await waitUntil('the status says that the tunnel is up', () => stateOf() === 'up');
    const { exitCode, ok, running, tunnel, findings, outages } = await diag();
    expect({ exitCode, ok, running, tunnel }).toMatchObject({ exitCode: 0, ok: true, tunnel: { state: 'up' } });
    const codes = findings.map(({ code }) => code);
    expect(codes).toEqual(
      expect.arrayContaining([
        'agent-running',
        'tunnel-up',
        'identity-ok',
        'renewal-planned',
        'uplink-ok',
        'events-ok',
      ]),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'tls-wrong-name', level: 'warning', target: other.address }),
    );
    expect(outages).toMatchObject([{ cause: 'process-stopped', restarts: 1, faults: [] }]);
  }, 60_000);

  it('says afterwards, in its support file too, why it had no tunnel: the cut, each endpoint, and that it was killed', async () => {
    line.close();
    await waitUntil('both endpoints are on record', () =>
      ['connection-refused', 'tls-wrong-name'].every((code) => recorded().includes(code)),
    );
    const offline = await diag();
    expect(offline).toMatchObject({ exitCode: 1, ok: false });
    expect(offline.findings).toContainEqual(
      expect.objectContaining({ subject: 'tcp', code: 'connection-refused', target: line.address, level: 'failure' }),
    );
    expect(offline.outages[0]).toMatchObject({ to: null, restarts: 0 });
    const { back } = agent.kill();
    await waitUntil('the next process has noted how the last one ended', () => recorded().includes('process-died'));
    await line.open();
    await back;
    await waitUntil('the host has been told of it', async () => {
      const told = await cloud.query("SELECT 1 FROM site_outage WHERE restarts = 1 AND cause LIKE 'transport-%'");
      return told.length === 1;
    });
    const contents = await packed();
    const [last] = JSON.parse(contents.get('record.json') ?? '[]') as Diagnosis['outages'];
    expect(last).toMatchObject({ restarts: 1, reason: expect.stringMatching(/^the connection was/) as string });
    expect(last?.to).not.toBeNull();
    expect(last?.cause).toMatch(/^transport-(?:closed|error)$/);
    const kinds = last?.faults.map(({ code, endpoint }) => `${code} ${endpoint}`);
    expect(kinds).toEqual(
      expect.arrayContaining([
        `connection-refused ${line.address}`,
        `tls-wrong-name ${other.address}`,
        'process-died ',
      ]),
    );
    expect(JSON.parse(contents.get('diag.json') ?? '')).toMatchObject({ ok: true, tunnel: { state: 'up' } });
    expect([...contents.values()].join('\n')).not.toContain('PRIVATE KEY');
  }, 60_000);
});
