import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Hub } from '@app/media';
import { RtspConnector } from '../../apps/agent/src/connectors/index.js';
import { SiteDirectory } from '../../apps/agent/src/site/index.js';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { waitUntil } from '../harness/condition.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';

const PASSWORD = 'straw berry 100%';
const environment = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ADIT_CONTAINER: 'false' };

/** What a command showed and how it ended. */
const finished = async (command: string, args: readonly string[], input?: string) => {
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input ?? '');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, out, err };
};

describe('the account of a camera', () => {
  let camera: GstCamera;
  let state: string;

  beforeAll(async () => {
    camera = await startGstCamera({ user: 'viewer', password: PASSWORD });
  }, 30_000);
  afterAll(() => camera?.stop());

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'adit-accounts-'));
  });
  afterEach(() => rmSync(state, { recursive: true }));

  const argv = (args: readonly string[]): string[] => [entryOf('agent'), ...args, '--state', state];
  const agent = (args: string[], input?: string) => finished(process.execPath, argv(args), input);
  const atTerminal = (answers: [string, string][], ...args: string[]) => {
    const script = join(import.meta.dirname, '../harness/terminal-session.py');
    return finished('python3', [script, JSON.stringify(answers), process.execPath, ...argv(args)]);
  };
  const url = (user = 'viewer'): string => camera.url('/cam').replace('rtsp://', `rtsp://${user}@`);
  const everything = (): string =>
    readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('\n');
  const codes = async (): Promise<string[]> =>
    (JSON.parse((await agent(['camera', 'test', '--json'])).out) as { code: string }[]).map(({ code }) => code);

  it('is typed at a terminal, shown nowhere, and opens the camera', async () => {
    const added = await atTerminal([['Password of viewer:', `${PASSWORD}\r`]], 'camera', 'add', url(), '--id', 'gate');
    expect([added.exitCode, added.out]).toEqual([0, expect.stringContaining('Camera gate')]);
    expect(added.out).toContain('H264');
    expect(added.out + everything()).not.toContain('berry');
    expect(everything()).not.toContain('viewer');
    expect(await codes()).toEqual(['camera-ok']);
  }, 60_000);

  it('plays the camera from the store, by the transport of the list', async () => {
    const add = ['camera', 'add', url(), '--id', 'gate', '--transport', 'udp', '--password-stdin'];
    expect((await agent(add, PASSWORD)).exitCode).toBe(0);
    const connector = new RtspConnector(state);
    const site = new SiteDirectory();
    await connector.start(site);
    const hub = new Hub(connector.stream('gate', 'live')!.open());
    try {
      const { tracks } = await hub.describe();
      expect(tracks.map(({ codec }) => codec)).toEqual(['H264']);
      expect(hub.stats.reception?.transport).toBe('udp');
      await waitUntil('the camera is online', async () => site.find('gate')?.state === 'online');
    } finally {
      await Promise.all([hub.close(), connector.close()]);
    }
  }, 60_000);

  it('is corrected without naming the user again', async () => {
    const add = ['camera', 'add', url(), '--id', 'gate', '--password-stdin'];
    expect((await agent(add, 'wrong password')).err).toMatch(/^camera-unauthorized: /);
    expect((await agent([...add, '--no-probe'], 'wrong password')).exitCode).toBe(0);
    expect(await codes()).toEqual(['camera-unauthorized']);
    expect((await agent(['camera', 'password', 'gate', '--password-stdin'], `${PASSWORD}\n`)).exitCode).toBe(0);
    expect(await codes()).toEqual(['camera-ok']);
  }, 60_000);

  it('is there after a move that was killed at any moment, in the list or in the store', async () => {
    const list = join(state, 'cameras.yaml');
    const inList = url(`viewer:${encodeURIComponent(PASSWORD)}`);
    const cameras = Array.from(
      { length: 3 },
      (_, index) => `  - { id: c${index}, name: C, streams: [{ url: '${inList}' }] }`,
    );
    for (const afterMs of [150, 250, 300, 350, 400, 500]) {
      writeFileSync(list, ['cameras:', ...cameras, ''].join('\n'));
      const child = spawn(process.execPath, argv(['camera', 'import']), { env: environment, stdio: 'ignore' });
      await Promise.race([delay(afterMs), once(child, 'exit')]);
      child.kill('SIGKILL');
      expect(await codes()).toEqual(['camera-ok', 'camera-ok', 'camera-ok']);
    }
    expect((await agent(['camera', 'import'])).exitCode).toBe(0);
    expect(everything()).not.toContain('berry');
    expect(await codes()).toEqual(['camera-ok', 'camera-ok', 'camera-ok']);
  }, 120_000);
});
