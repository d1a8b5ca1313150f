import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { TunnelCloud } from '../harness/tunnel-cloud.js';

const HALF_OPEN = 500;
const SCAN_MS = 120_000;

let cloud: TunnelCloud;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
}, 90_000);

afterAll(() => cloud?.stop());

/** Loopback has addresses enough for strangers of their own. */
const halfOpen = async (index: number): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port: cloud.tunnelPort, localAddress: `127.0.${1 + (index % 50)}.9` });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
  return socket;
};

describe('sockets that are held open in the middle of a handshake', () => {
  it(`do not keep an agent out, ${HALF_OPEN} of them`, async () => {
    const site = await cloud.newSite();
    const agent = await enrolled(cloud.tunnelPort, (await cloud.newKeyfile(site)).text);
    const held = await Promise.all(Array.from({ length: HALF_OPEN }, (_, index) => halfOpen(index)));
    const began = performance.now();
    const session = await openTunnel(cloud.tunnelPort, agent);
    const tookMs = performance.now() - began;
    const stillHeld = held.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
    session.close();
    for (const socket of held) socket.destroy();
    expect(stillHeld).toBeGreaterThan(HALF_OPEN / 2);
    expect(tookMs).toBeLessThan(1_000);
  }, 30_000);
});

interface Finding {
  id: string;
  severity: string;
  finding: string;
}

const isThere = (program: string): boolean => {
  if (spawnSync('which', [program]).status === 0) return true;
  process.stderr.write(`SKIPPED: ${program} is not installed: the tunnel port is not scanned with it\n`);
  return false;
};

(isThere('sslscan') ? describe : describe.skip)('sslscan', () => {
  it(
    'finds TLS 1.3 with two groups, and nothing else',
    async () => {
      const { stdout } = await promisify(execFile)('sslscan', ['--no-colour', `127.0.0.1:${cloud.tunnelPort}`]);
      expect(stdout.match(/^(?:SSL|TLS)v\S+ +enabled$/gm)).toEqual(['TLSv1.3   enabled']);
      const groups = [...stdout.matchAll(/^TLSv1\.3 +128 bits +(secp256r1|x25519)/gm)].map((match) => match[1]);
      expect(groups.toSorted()).toEqual(['secp256r1', 'x25519']);
    },
    SCAN_MS,
  );
});

(isThere('testssl') ? describe : describe.skip)('testssl.sh', () => {
  it(
    'finds no weakness',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'adit-testssl-'));
      const report = join(directory, 'report.json');
      const options = ['--quiet', '--warnings', 'off', '--color', '0', '--jsonfile', report, '-p', '-s', '-f', '-U'];
      try {
        await promisify(execFile)('testssl', [...options, `127.0.0.1:${cloud.tunnelPort}`]).catch(() => undefined);
        const findings = JSON.parse(await readFile(report, 'utf8')) as Finding[];
        expect(findings.length).toBeGreaterThan(20);
        expect(findings.find(({ id }) => id === 'TLS1_3')).toMatchObject({
          finding: expect.stringContaining('offered'),
        });
        expect(findings.filter(({ severity }) => ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'].includes(severity))).toEqual([]);
      } finally {
        await rm(directory, { recursive: true });
      }
    },
    SCAN_MS,
  );
});
