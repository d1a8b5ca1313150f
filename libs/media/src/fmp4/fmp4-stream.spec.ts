import { spawnSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessUnit } from '../access-unit.js';
import { Assembler } from '../rtp/assembler.js';
import { parseDescription, type StreamDescription } from '../stream-description.js';
import { nowUs } from '../wall-clock.js';
import { FakeSource } from '../../test/fake-source.js';
import { Fmp4Stream, type MediaFragment } from './fmp4-stream.js';

interface Recording {
  description: StreamDescription;
  units: AccessUnit[];
}

/** What ffmpeg sends as RTP: another implementation's packets of a real encoder. */
async function record(encoder: string[], isAudio = false): Promise<Recording> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 << 20);
  const packets: Buffer[] = [];
  socket.on('message', (message) => packets.push(message));
  const input = isAudio ? 'sine=frequency=440:duration=2' : 'testsrc=size=320x240:rate=25:duration=2';
  const { port } = socket.address();
  const output = ['-f', 'rtp', `rtp://127.0.0.1:${port}?pkt_size=1200`];
  const args = ['-v', 'error', '-f', 'lavfi', '-i', input, ...encoder, ...output];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let sdp = '';
  child.stdout.on('data', (data) => (sdp += String(data)));
  await once(child, 'close');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.close();
  const description = parseDescription(sdp.slice(sdp.indexOf('v=')));
  const [track] = description.tracks;
  const assembler = new Assembler(track);
  return { description, units: packets.flatMap((packet) => assembler.push(packet, nowUs())) };
}

function pack({ description, units }: Recording): MediaFragment[] {
  const stream = Fmp4Stream.of(description, () => undefined);
  return units.map((unit) => stream.fragmentOf(unit)).filter((made) => made !== undefined);
}

/** What ffprobe and ffmpeg make of the bytes. */
function decode(fragments: MediaFragment[]): { stream: string; frames: number; errors: string; times: number[] } {
  const dir = mkdtempSync(join(tmpdir(), 'adit-fmp4-'));
  const file = join(dir, 'made.mp4');
  try {
    writeFileSync(file, Buffer.concat([fragments[0].init.data, ...fragments.map(({ data }) => data)]));
    const shown = ['stream=codec_name,width,height,sample_rate', '-of', 'csv=p=0'];
    const stream = spawnSync('ffprobe', ['-v', 'error', '-show_entries', ...shown, file], { encoding: 'utf8' });
    const args = ['-v', 'error', '-xerror', '-i', file, '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
    const { stdout, stderr } = spawnSync('ffmpeg', args, { encoding: 'utf8' });
    const lines = stdout.split('\n').filter((line) => /^\d/.test(line));
    const times = lines.map((line) => Number(line.split(',')[2]));
    return { stream: stream.stdout.trim(), frames: lines.length, errors: stderr, times };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const x264 = ['-c:v', 'libx264', '-g', '25', '-pix_fmt', 'yuv420p'];
const cases: [name: string, encoder: string[], stream: string, codec: RegExp][] = [
  ['H.264', [...x264, '-bf', '0', '-profile:v', 'main'], 'h264,320,240', /^avc1\.4d40/],
  ['H.264 with B-frames', [...x264, '-bf', '2', '-profile:v', 'high'], 'h264,320,240', /^avc1\.6400/],
  [
    'H.265',
    ['-c:v', 'libx265', '-x265-params', 'log-level=none:bframes=0:keyint=25', '-pix_fmt', 'yuv420p'],
    'hevc,320,240',
    /^hvc1\.1\.6\.L\d+/,
  ],
];

describe('Fmp4Stream', () => {
  it.each(cases)(
    'packs %s so that ffmpeg decodes every frame in order',
    async (_name, encoder, expected, codec) => {
      const recording = await record(encoder);
      const fragments = pack(recording);
      const made = decode(fragments);
      expect(made).toMatchObject({ stream: expected, frames: 50, errors: '' });
      expect(fragments[0]).toMatchObject({ key: true, seconds: 0 });
      expect(fragments[0].init.codecs).toMatch(codec);
      const steps = new Set(made.times.slice(1).map((time, index) => time - made.times[index]));
      expect([...steps]).toHaveLength(1);
    },
    30_000,
  );

  it.each([
    ['AAC', ['-c:a', 'aac', '-ar', '48000'], /^aac,48000/, 'mp4a.40.2'],
    ['Opus', ['-c:a', 'libopus', '-ar', '48000', '-ac', '2'], /^opus,48000/, 'opus'],
  ])(
    'packs %s',
    async (_name, encoder, stream, codec) => {
      const fragments = pack(await record(encoder, true));
      const made = decode(fragments);
      expect(made.errors).toBe('');
      expect(made.stream).toMatch(stream);
      expect(fragments[0].init.mime).toBe(`audio/mp4; codecs="${codec}"`);
      expect(made.frames).toBeGreaterThan(90);
    },
    30_000,
  );

  it('packs each unit once for all viewers', async () => {
    const { description, units } = await record([...x264, '-bf', '0']);
    const [one, other] = [Fmp4Stream.of(description, () => undefined), Fmp4Stream.of(description, () => undefined)];
    const made = units.map((unit) => one.fragmentOf(unit));
    expect(units.map((unit) => other.fragmentOf(unit))).toEqual(made);
    expect(other.fragmentOf(units[3])).toBe(made[3]);
  }, 30_000);

  it('offers nothing of parameter sets that make no sense, and does not throw', async () => {
    const source = new FakeSource();
    const units: AccessUnit[] = [];
    const { description } = await source.open({
      unit: (unit) => units.push(unit),
      report: () => undefined,
      ended: () => undefined,
    });
    source.send(true);
    source.send(false);
    expect(pack({ description, units }).length).toBeLessThanOrEqual(units.length);
  });
});
