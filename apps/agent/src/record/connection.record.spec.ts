import { siteOutage } from '@app/contracts';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateDirectory } from '../state/state-directory.js';
import { ConnectionRecord, type RecordOptions } from './connection.record.js';
import { DAMAGED_RECORD_FILE, MAX_FILE_BYTES, readRecord, RECORD_FILE } from './record.file.js';
import { MAX_OUTAGES } from './record.state.js';

const START_MS = Date.parse('2026-03-01T10:00:00.000Z');
const REFUSED = { code: 'connection-refused', endpoint: 'cloud:5500', detail: 'nothing listens there' };

describe('the record of the times without a tunnel', () => {
  let dir: string;
  let state: StateDirectory;
  let errors: unknown[];
  let records: ConnectionRecord[];
  let clock: { wall: number; steady: number };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-record-'));
    state = await StateDirectory.open(dir);
    [errors, records] = [[], []];
    clock = { wall: START_MS, steady: 5_000 };
  });

  afterEach(async () => {
    for (const record of records) await record.flush();
    rmSync(dir, { recursive: true });
  });

  const pass = (ms: number): void => {
    clock = { wall: clock.wall + ms, steady: clock.steady + ms };
  };

  const begin = async (options: Partial<RecordOptions> = {}): Promise<ConnectionRecord> => {
    const record = await ConnectionRecord.open({
      state,
      siteId: 'site',
      onError: (error) => errors.push(error),
      wall: () => clock.wall,
      steady: () => clock.steady,
      ...options,
    });
    records.push(record);
    return record;
  };

  /** A process that has had a tunnel. */
  const connected = async (): Promise<ConnectionRecord> => {
    const record = await begin();
    record.up();
    return record;
  };

  const file = (): string => join(dir, RECORD_FILE);

  it('says of a first start nothing, unless an attempt failed', async () => {
    expect((await connected()).unsent).toEqual([]);
    rmSync(file());
    const record = await begin();
    record.failed(REFUSED);
    record.up();
    expect(record.unsent).toMatchObject([{ cause: 'first-start', faults: [{ ...REFUSED, count: 1 }] }]);
  });

  it('tells cause, faults by code and endpoint with their counts, and when', async () => {
    const record = await connected();
    pass(60_000);
    record.down('peer-silent');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      pass(1_000);
      record.failed(REFUSED);
    }
    record.failed({ ...REFUSED, code: 'name-unknown', endpoint: 'other:443' });
    pass(1_000);
    record.up();
    await record.flush();
    const [outage] = record.unsent;
    expect(siteOutage.parse(outage)).toMatchObject({
      from: '2026-03-01T10:01:00.000Z',
      to: '2026-03-01T10:01:04.000Z',
      cause: 'peer-silent',
      restarts: 0,
      clockJumpMs: 0,
      faults: [
        { ...REFUSED, count: 3, firstAt: '2026-03-01T10:01:01.000Z', lastAt: '2026-03-01T10:01:03.000Z' },
        { code: 'name-unknown', endpoint: 'other:443', count: 1 },
      ],
    });
    expect((await readRecord(state)).state.unsent).toEqual(record.unsent);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('takes eight kinds of faults, the last for all others', async () => {
    const record = await connected();
    record.down('peer-silent');
    for (let kind = 0; kind < 20; kind += 1) record.failed({ ...REFUSED, endpoint: `host-${kind}:1\u0000` });
    record.failed({ code: 'x'.repeat(100), endpoint: 'y'.repeat(400), detail: `${'z'.repeat(199)}😀` });
    record.up();
    const [outage] = record.unsent;
    expect(siteOutage.parse(outage).faults.map(({ code, count }) => [code, count])).toEqual([
      ...Array.from({ length: 7 }, () => ['connection-refused', 1]),
      ['other-faults', 14],
    ]);
  });

  it('knows a process that was stopped from one that died, and until when it lived', async () => {
    const first = await connected();
    pass(60_000);
    await first.close();
    first.down('drained');
    pass(30_000);
    const second = await begin();
    pass(5_000);
    second.up();
    expect(second.unsent).toMatchObject([
      { cause: 'process-stopped', from: '2026-03-01T10:01:00.000Z', to: '2026-03-01T10:01:35.000Z', restarts: 1 },
    ]);
    await second.flush();
    pass(600_000);
    const third = await begin({ lastSeenMs: clock.wall - 10_000 });
    third.up();
    expect(third.unsent.slice(1)).toMatchObject([
      { cause: 'process-died', from: '2026-03-01T10:11:25.000Z', restarts: 1, faults: [] },
    ]);
  });

  it('counts the ends of processes while there is no tunnel', async () => {
    const first = await connected();
    first.down('peer-silent');
    await first.flush();
    await (await begin()).close();
    const third = await begin();
    third.up();
    expect(third.unsent).toMatchObject([
      { cause: 'peer-silent', restarts: 2, faults: [{ code: 'process-died' }, { code: 'process-stopped' }] },
    ]);
  });

  it('tells by how much the clock was set, and leaves the times as the clock told them', async () => {
    const record = await connected();
    record.down('peer-silent');
    pass(10_000);
    clock.wall += 3_600_000;
    await record.close();
    const next = await begin();
    clock.wall -= 7_200_000;
    next.up();
    expect(next.unsent).toMatchObject([
      { clockJumpMs: -3_600_000, from: '2026-03-01T10:00:00.000Z', to: '2026-03-01T09:00:10.000Z' },
    ]);
  });

  it('forgets a cut that was soon over, and keeps what was sent for those who ask', async () => {
    const record = await connected();
    record.down('peer-silent');
    pass(4_000);
    record.up(5_000);
    expect(record.outages).toEqual([]);
    record.down('peer-silent');
    record.up();
    record.markSent(record.unsent.map(({ id }) => id));
    await record.flush();
    const { state: kept } = await readRecord(state);
    expect([record.unsent, kept.unsent, kept.outages]).toMatchObject([[], [], [{ cause: 'peer-silent' }]]);
  });

  it('drops a last line that was cut off anywhere, and goes on after it', async () => {
    const record = await connected();
    record.down('peer-silent');
    record.failed(REFUSED);
    record.up();
    await record.flush();
    const whole = readFileSync(file());
    const from = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let end = from + 1; end < whole.length; end += 37) {
      writeFileSync(file(), whole.subarray(0, end));
      const again = await begin();
      again.up();
      await again.flush();
      const read = await readRecord(state);
      expect(read).toMatchObject({ damaged: false, torn: false });
      expect(read.state.outages).toMatchObject([{ cause: 'peer-silent', faults: [REFUSED, {}] }]);
    }
    expect(existsSync(join(dir, DAMAGED_RECORD_FILE))).toBe(false);
  });

  it('sets a damaged file aside and keeps what can be read of it', async () => {
    const record = await connected();
    record.down('peer-silent');
    record.up();
    await record.close();
    const text = readFileSync(file(), 'utf8').replace('\n', '\n\u0000\u0001garbage\n{"kind":"outage","outage":{}}\n');
    writeFileSync(file(), text);
    const next = await begin();
    expect(readFileSync(join(dir, DAMAGED_RECORD_FILE), 'utf8')).toBe(text);
    expect(next.outages).toMatchObject([{ cause: 'peer-silent' }, { cause: 'process-stopped' }]);
    expect((await readRecord(state)).damaged).toBe(false);
  });

  it('reads no file that is far too large, and none of another site', async () => {
    writeFileSync(file(), Buffer.alloc(9 * 1024 * 1024));
    const record = await begin();
    record.failed(REFUSED);
    record.up();
    await record.flush();
    expect(record.outages).toHaveLength(1);
    expect(statSync(file()).size).toBeLessThan(10_000);
    expect((await begin({ siteId: 'another' })).outages).toMatchObject([{ cause: 'first-start', to: null }]);
    expect(readFileSync(file(), 'utf8')).not.toContain('cloud:5500');
  });

  it('keeps so many outages and a file of limited size, the newest, and rather what was not sent', async () => {
    let first: string | undefined;
    const record = await connected();
    for (let count = 0; count < MAX_OUTAGES + 50; count += 1) {
      record.down(`cause-${count}`);
      for (let kind = 0; kind < 8; kind += 1) {
        record.failed({ ...REFUSED, endpoint: `${'e'.repeat(290)}${kind}`, detail: 'd'.repeat(200) });
      }
      pass(1_000);
      record.up();
      if (count === 0) first = record.unsent[0]?.id;
      else record.markSent(record.unsent.slice(-1).map(({ id }) => id));
      if (count % 10 === 0) await record.flush();
      expect(existsSync(file()) ? statSync(file()).size : 0).toBeLessThanOrEqual(MAX_FILE_BYTES);
    }
    await record.flush();
    expect(record.outages.length).toBeLessThanOrEqual(MAX_OUTAGES);
    expect(record.outages.at(-1)).toMatchObject({ cause: `cause-${MAX_OUTAGES + 49}` });
    expect(record.unsent.map(({ id }) => id)).toEqual([first]);
    expect(record.health.lost).toBe(0);
    expect((await readRecord(state)).state.outages).toEqual(record.outages);
  });

  it('writes a count now and then, not with every attempt', async () => {
    const record = await connected();
    record.down('peer-silent');
    await record.flush();
    const before = statSync(file()).size;
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      pass(1_000);
      record.failed(REFUSED);
      await record.flush();
    }
    expect(statSync(file()).size - before).toBeLessThan(20 * 600);
    expect(record.outages.at(-1)?.faults).toMatchObject([{ count: 1_000 }]);
  });

  it('holds in memory what cannot be written, says so once, and writes all of it later', async () => {
    const record = await connected();
    await record.flush();
    rmSync(file());
    const gone = `${dir}-gone`;
    renameSync(dir, gone);
    for (const cause of ['peer-silent', 'session-lost']) {
      record.down(cause);
      record.up();
      await record.flush();
    }
    expect(record.health).toMatchObject({ outages: 2, unsent: 2, fault: 'ENOENT' });
    expect(record.health.unwritten).toBeGreaterThan(1);
    expect(errors).toHaveLength(1);
    renameSync(gone, dir);
    record.retry();
    await record.flush();
    expect(record.health).toMatchObject({ unwritten: 0, fault: null });
    expect((await readRecord(state)).state.outages).toEqual(record.outages);
  });

  it('holds in memory what a full disk does not take', async () => {
    const record = await connected();
    await record.flush();
    rmSync(file());
    symlinkSync('/dev/full', file());
    record.down('peer-silent');
    await record.flush();
    expect(record.health).toMatchObject({ unwritten: 1, fault: 'ENOSPC' });
    record.failed(REFUSED);
    await record.flush();
    expect(record.health).toMatchObject({ unwritten: 0, fault: null });
    expect((await readRecord(state)).state.open).toMatchObject({ cause: 'peer-silent', faults: [REFUSED] });
  });

  it('is read while another process is in the middle of a line', async () => {
    const record = await connected();
    record.down('peer-silent');
    await record.flush();
    appendFileSync(file(), '{"kind":"outage","outage":{"id":"');
    expect(await readRecord(state)).toMatchObject({ torn: true, damaged: false });
  });
});
