import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeReplay, recordTrack, type RecordedTrack } from '../../test/fake-replay.js';
import { mutate, seeded } from '../../test/mutation.js';
import type { MediaError } from '../errors.js';
import { RecordingExport } from './recording-export.js';

const startMs = Date.UTC(2026, 0, 31, 12);
const seconds = 4;
const never = new AbortController().signal;
const range = { fromMs: startMs, toMs: startMs + seconds * 1000 };
const picture = `testsrc=size=320x240:rate=25:duration=${seconds}`;
const tone = `sine=frequency=440:duration=${seconds}`;
const x264 = ['-c:v', 'libx264', '-g', '25', '-pix_fmt', 'yuv420p'];
const h264 = [...x264, '-bf', '0'];
const h265 = ['-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-x265-params'];
const aac = ['-c:a', 'aac', '-ar', '48000'];

async function exported(tracks: RecordedTrack[], toMs = range.toMs, fromMs = startMs): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const target = { write: (data: Buffer): boolean => chunks.push(data) > 0 };
  await new RecordingExport(new FakeReplay(tracks, startMs), { fromMs, toMs }, target).run(never);
  return Buffer.concat(chunks);
}

interface Probed {
  streams: { codec_name: string; nb_read_packets: string; start_time: string; duration: string }[];
  format: { duration: string; tags?: Record<string, string> };
}

/** What ffprobe says of a file, and what ffmpeg complains about when it decodes all of it. */
function inspect(file: Buffer): { probed: Probed; errors: string; frames: number; steps: number[] } {
  const dir = mkdtempSync(join(tmpdir(), 'adit-export-'));
  const path = join(dir, 'made.mp4');
  try {
    writeFileSync(path, file);
    const shown = ['-v', 'error', '-count_packets', '-show_streams', '-show_format', '-of', 'json', path];
    const probed = JSON.parse(spawnSync('ffprobe', shown, { encoding: 'utf8' }).stdout) as Probed;
    const args = [
      '-v',
      'error',
      '-xerror',
      '-i',
      path,
      '-map',
      '0:v',
      '-fps_mode',
      'passthrough',
      '-f',
      'framemd5',
      '-',
    ];
    const { stdout, stderr } = spawnSync('ffmpeg', args, { encoding: 'utf8' });
    const times = stdout
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => Number(line.split(',')[2]));
    const steps = [...new Set(times.slice(1).map((time, index) => time - times[index]))];
    return { probed, errors: stderr, frames: times.length, steps };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('RecordingExport', () => {
  it.each<[name: string, encoder: string[], codec: string]>([
    ['H.264', h264, 'h264'],
    ['H.264 with B-frames', [...x264, '-bf', '3', '-x264-params', 'b-pyramid=normal'], 'h264'],
    ['H.265', [...h265, 'log-level=none:bframes=0:keyint=25'], 'hevc'],
    ['H.265 with B-frames in open groups', [...h265, 'log-level=none:bframes=3:keyint=25:open-gop=1'], 'hevc'],
  ])(
    'makes a file of %s in which every picture is decoded, at its time',
    async (_name, encoder, codec) => {
      const { probed, errors, frames, steps } = inspect(await exported([await recordTrack(picture, encoder)]));
      expect(errors).toBe('');
      expect([frames, steps]).toEqual([100, [1]]);
      expect(probed.streams.map(({ codec_name }) => codec_name)).toEqual([codec]);
      expect(Number(probed.format.duration)).toBeCloseTo(4, 1);
      expect(Number(probed.streams[0]?.start_time)).toBe(0);
    },
    60_000,
  );

  it.each<[name: string, encoder: string[], codec: string]>([
    ['AAC', aac, 'aac'],
    ['G.711 µ-law', ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'], 'pcm_mulaw'],
    ['G.711 A-law', ['-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'], 'pcm_alaw'],
    ['Opus', ['-c:a', 'libopus', '-ar', '48000', '-ac', '2'], 'opus'],
  ])(
    'puts %s beside the picture, as long as it',
    async (_name, encoder, codec) => {
      const tracks = [await recordTrack(picture, h264), await recordTrack(tone, encoder)];
      const { probed, errors, frames } = inspect(await exported(tracks));
      expect([errors, frames]).toEqual(['', 100]);
      expect(probed.streams.map(({ codec_name }) => codec_name)).toEqual(['h264', codec]);
      const [, sound] = probed.streams;
      expect(Number(sound?.duration)).toBeGreaterThan(3.8);
      expect(Number(sound?.duration)).toBeLessThan(4.1);
      expect(Math.abs(Number(sound?.start_time))).toBeLessThan(0.05);
    },
    60_000,
  );

  it('says when it was recorded, and ends with an index that tells it from one that was cut', async () => {
    const file = await exported([await recordTrack(picture, h264)]);
    expect(inspect(file).probed.format.tags?.['creation_time']).toBe('2026-01-31T12:00:00.000000Z');
    expect(file.toString('latin1').match(/prft/g)).toHaveLength(4);
    const indexBytes = file.readUInt32BE(file.length - 4);
    expect(file.toString('latin1', file.length - indexBytes + 4, file.length - indexBytes + 8)).toBe('mfra');
  }, 60_000);

  it('plays on when the camera changes its picture on the way', async () => {
    const [large, small] = [await recordTrack(picture, h264), await recordTrack(picture, [...h264, '-s', '160x120'])];
    const last = large.packets.at(-1)!;
    const from = last.readUInt32BE(4) + 3600 - small.packets[0].readUInt32BE(4);
    const moved = small.packets.map((packet) => {
      const copy = Buffer.from(packet);
      copy.writeUInt32BE((packet.readUInt32BE(4) + from) >>> 0, 4);
      return copy;
    });
    const changing = [{ track: large.track, packets: [...large.packets, ...moved] }];
    const twice = startMs + 2 * seconds * 1000;
    expect(inspect(await exported(changing, twice))).toMatchObject({ errors: '', frames: 200 });
    // The device sends more than it was asked for.
    expect(inspect(await exported(changing))).toMatchObject({ errors: '', frames: 125 });
  }, 60_000);

  it('leaves out what a device sends before the keyframe of the range', async () => {
    const tracks = [await recordTrack(picture, h264), await recordTrack(tone, aac)];
    const { frames, probed, errors } = inspect(await exported(tracks, range.toMs, startMs + 2_500));
    expect([frames, errors]).toEqual([50, '']);
    expect(probed.format.tags?.['creation_time']).toBe('2026-01-31T12:00:02.000000Z');
    expect(Number(probed.format.duration)).toBeCloseTo(2, 0);
  }, 60_000);

  it('makes no file of a recording without a picture', async () => {
    const sound = await recordTrack(tone, aac);
    await expect(exported([sound])).rejects.toMatchObject({ code: 'stream-not-playable' });
  }, 60_000);

  it('takes any packet of a broken device without more than an end of the file', async () => {
    const random = seeded(7);
    const tracks = [await recordTrack(picture, h264), await recordTrack(tone, aac)];
    const codes = new Set<string>();
    for (let round = 0; round < 200; round++) {
      const broken = tracks.map(({ track, packets }) => {
        const mutated = packets.slice(1).map((packet) => (random() < 0.05 ? mutate(packet, random) : packet));
        return { track, packets: [packets[0], ...mutated] };
      });
      await exported(broken).catch((error: unknown) => codes.add((error as MediaError).code));
    }
    expect([...codes].filter((code) => !['source-failed', 'recording-range-outside'].includes(code))).toEqual([]);
  }, 60_000);

  it.each([
    [457, 'recording-range-outside'],
    [503, 'camera-replay-refused'],
  ])(
    'ends when the device answers %d, with %s',
    async (status, code) => {
      const replay = new FakeReplay([await recordTrack(picture, h264)], startMs, status);
      const target = { write: (): boolean => true };
      const made = new RecordingExport(replay, range, target).run(never);
      await expect(made).rejects.toMatchObject({ code });
      expect(replay.closed).toBe(1);
    },
    60_000,
  );
});
