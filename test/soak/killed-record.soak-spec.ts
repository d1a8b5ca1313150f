import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { entryOf } from '../../tools/launcher/cloud.mjs';

const KILLS = 15;

/** Without a tunnel again and again, as fast as the disk takes it; tells each outage that is on the disk. */
const WRITER = `
  const { ConnectionRecord } = await import(process.argv[1] + '/record/index.js');
  const { StateDirectory } = await import(process.argv[1] + '/state/state-directory.js');
  const state = await StateDirectory.open(process.argv[2]);
  const record = await ConnectionRecord.open({ state, siteId: 'site', onError: (error) => { throw error; } });
  for (let count = 0; ; count += 1) {
    record.down('cause-' + count);
    for (let kind = 0; kind < 5; kind += 1) {
      record.failed({ code: 'connection-refused', endpoint: 'host-' + kind + ':1', detail: 'd'.repeat(200) });
    }
    record.up();
    const { id } = record.outages.at(-1);
    await record.flush();
    process.stdout.write(id + '\\n');
  }
`;

describe('the record of an agent that is killed while it writes', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'adit-killed-record-'));
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  const write = (): ChildProcess =>
    spawn(
      process.execPath,
      ['--input-type=module', '-e', WRITER, pathToFileURL(join(entryOf('agent'), '..')).href, dir],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );

  it(
    'loses nothing that was on the disk, and is never taken for damaged',
    async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const told: string[] = [];
        const child = write();
        if (child.stdout === null) throw new Error('no output');
        createInterface({ input: child.stdout }).on('line', (line) => told.push(line));
        await once(child.stdout, 'data');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
        child.kill('SIGKILL');
        await once(child, 'close');
        const text = readFileSync(join(dir, 'connection-record.jsonl'), 'utf8');
        const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
        for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
        expect(told.length).toBeGreaterThan(0);
        expect(told.slice(-100).filter((id) => !text.includes(id))).toEqual([]);
      }
      expect(existsSync(join(dir, 'connection-record-damaged.jsonl'))).toBe(false);
    },
    KILLS * 5_000,
  );
});
