import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingExport, RtspReplaySource, splitAnnexB, type ExportSummary } from '@app/media';
import { waitUntil } from '../harness/condition.js';
import { Recording } from '../harness/recording.js';
import { ReplayServer } from '../harness/replay-server.js';

const START = Date.UTC(2026, 0, 31, 12);
const recording = new Recording(START, [
  [0, 10],
  [30, 10],
]);
const never = new AbortController().signal;

/** Without parameter sets and delimiters, which a file keeps beside its pictures. */
const picturesOf = (units: readonly Buffer[]): Buffer[] =>
  units.filter((unit) => ![7, 8, 9, 12].includes((unit[0] ?? 0) & 0x1f));

const recorded = (fromMs: number, toMs: number): Buffer =>
  Buffer.concat(recording.pick(fromMs, toMs, false, false).flatMap(({ units }) => picturesOf(units)));

describe('a range of a recording as a file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'export-'));
  const path = join(dir, 'range.mp4');
  let device: ReplayServer;

  beforeAll(async () => {
    device = new ReplayServer(recording);
    await device.listen();
  });

  afterAll(async () => {
    await device.close();
    rmSync(dir, { recursive: true });
  });

  const exported = async (from: number, to: number, of = device): Promise<ExportSummary> => {
    const chunks: Buffer[] = [];
    const target = { write: (data: Buffer): boolean => chunks.push(data) > 0 };
    const range = { fromMs: START + from * 1000, toMs: START + to * 1000 };
    const summary = await new RecordingExport(new RtspReplaySource(of.url), range, target).run(never);
    writeFileSync(path, Buffer.concat(chunks));
    return summary;
  };

  const probe = (entries: string): string =>
    execFileSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'csv=p=0', path], {
      encoding: 'utf8',
    }).trim();

  const elementary = (): Buffer => {
    const out = join(dir, 'out.h264');
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-y',
      '-i',
      path,
      '-c',
      'copy',
      '-bsf:v',
      'h264_mp4toannexb',
      '-f',
      'h264',
      out,
    ]);
    return Buffer.concat(picturesOf(splitAnnexB(readFileSync(out))));
  };

  it('holds every picture of it bit by bit, and skips what was not recorded', async () => {
    const summary = await exported(0, 40);
    expect(summary).toMatchObject({ pictures: 500, recordedMs: START + 39_960 });
    expect(elementary().equals(recorded(START, START + 40_000))).toBe(true);
    expect(probe('format=duration')).toBe('20.000000');
    const decoded = spawnSync('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-'], {
      encoding: 'utf8',
    });
    expect([decoded.status, decoded.stderr]).toEqual([0, '']);
    const times = probe('packet=pts_time').split('\n').map(Number);
    expect(times).toHaveLength(500);
    expect(Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))).toBeLessThan(0.05);
  });

  it('says of every group of pictures when it was recorded', async () => {
    await exported(0, 40);
    const file = readFileSync(path);
    const times: number[] = [];
    for (let at = file.indexOf('prft'); at >= 0; at = file.indexOf('prft', at + 1)) {
      const seconds = file.readUInt32BE(at + 12) - 2_208_988_800;
      times.push(seconds * 1000 + Math.round((file.readUInt32BE(at + 16) / 2 ** 32) * 1000) - START);
    }
    const keys = recording.samples.filter(({ key }) => key).map(({ atMs }) => atMs - START);
    expect(times).toEqual(keys);
    expect(times.filter((time) => time >= 10_000 && time < 30_000)).toEqual([]);
    expect(probe('format_tags=creation_time')).toBe('2026-01-31T12:00:00.000000Z');
  });

  it('begins with the keyframe before the range and ends with it', async () => {
    const { pictures } = await exported(3.5, 5);
    expect(elementary().equals(recorded(START + 3_500, START + 5_000))).toBe(true);
    expect(Number(probe('format=duration'))).toBeCloseTo(pictures * 0.04, 2);
    expect(pictures).toBeLessThan(100);
  });

  it('is whole when the device hangs up at its end instead of saying BYE', async () => {
    const rude = new ReplayServer(recording, { hangsUp: true });
    await rude.listen();
    expect(await exported(30, 40, rude)).toMatchObject({ pictures: 250 });
    await rude.close();
  });

  it('is none where nothing is recorded, and leaves the device', async () => {
    await expect(exported(50, 60)).rejects.toMatchObject({ code: 'recording-range-outside' });
    await waitUntil('the device is left', () => device.sockets.size === 0);
  });

  it('holds the device back when the file is not taken, and leaves it at once when nobody wants it', async () => {
    const long = new ReplayServer(new Recording(START, [[0, 400]]));
    await long.listen();
    const given = new AbortController();
    let bytes = 0;
    const target = { write: (data: Buffer): boolean => (bytes += data.length) < 0 };
    const range = { fromMs: START, toMs: START + 400_000 };
    const made = new RecordingExport(new RtspReplaySource(long.url), range, target).run(given.signal);
    made.catch(() => undefined);
    await waitUntil('the file has begun', () => bytes > 0);
    let sent = -1;
    await waitUntil('nothing is sent any more', async () => {
      const before = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return before === (sent = long.sentBytes);
    });
    expect(bytes).toBeLessThan(4 << 20);
    expect(long.runs.size).toBe(1);
    given.abort();
    await expect(made).rejects.toMatchObject({ code: 'viewer-closed' });
    await waitUntil('the device is left', () => long.sockets.size === 0);
    await long.close();
  });
});
