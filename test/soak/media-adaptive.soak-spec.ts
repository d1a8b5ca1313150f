import type { AccessUnit, Clip, Hub, Rendition } from '@app/media';
import { startAdaptivePair, type AdaptivePair } from '../harness/adaptive-pair.js';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { makeClip } from '../harness/made-clip.js';
import { runPeer } from '../harness/media-peer.js';

const LINE_BITS = 2_400_000;
const FRAME_TICKS = 3_600;

interface Seen {
  key: boolean;
  sequence: number;
  packets: number;
  timestamp: number;
  ssrc: number;
  delayMs: number;
}

interface Sight {
  units: Seen[];
  renditions: Rendition[];
}

/** Once its stream runs, so that the order of calls is that of the links. */
const follow = async (hub: Hub): Promise<Sight> => {
  const sight = watch({ cloud: hub });
  await waitUntil('the stream runs', () => sight.units.length > 0);
  return sight;
};

/** What a viewer of the cloud's hub sees. */
const watch = (pair: Pick<AdaptivePair, 'cloud'>): Sight => {
  const [units, renditions]: [Seen[], Rendition[]] = [[], []];
  const unit = (next: AccessUnit): void => {
    const first = next.packets[0];
    units.push({
      key: next.key,
      sequence: first.readUInt16BE(2),
      packets: next.packets.length,
      timestamp: next.timestamp,
      ssrc: first.readUInt32BE(8),
      delayMs: Date.now() - next.captureUs / 1_000,
    });
  };
  pair.cloud.subscribe({ unit, rendition: (rendition) => renditions.push(rendition), end: () => undefined });
  return { units, renditions };
};

describe('a camera of 4 Mbit/s that is watched as automatic', () => {
  let clips: { high: Clip; low: Clip };
  let pair: AdaptivePair;

  beforeAll(async () => {
    const high = await makeClip({ width: 1280, height: 720, bitsPerSecond: 4_000_000 });
    const low = await makeClip({ width: 640, height: 360, bitsPerSecond: 500_000 });
    clips = { high, low };
  }, 60_000);

  afterEach(() => pair.close());

  it('goes to the low resolution on a line of 2.4 Mbit/s, keeps its delay, and comes back with the line', async () => {
    pair = await startAdaptivePair(clips, { graceMs: 0, upAfterMs: 4_000, trialMs: 4_000 });
    await pair.cloud.describe();
    const { units, renditions } = watch(pair);
    const player = new Player(pair.url);
    await player.untilFrames(25);
    const narrowedAt = performance.now();
    pair.line.change('down', { rateBitsPerS: LINE_BITS });
    await waitUntil('the low resolution runs', () => renditions.at(-1)?.usage === 'low-res', 6_000);
    const downMs = performance.now() - narrowedAt;
    expect(renditions.at(-1)).toEqual({ usage: 'low-res', reason: 'uplink' });
    expect(downMs).toBeLessThan(3_000);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    pair.line.change('down', { rateBitsPerS: 0 });
    await waitUntil('the high resolution runs', () => renditions.at(-1)?.usage === 'high-res', 12_000);
    const frames = player.frames.length;
    await player.untilFrames(frames + 50);
    await player.stop();
    const worst = Math.max(...units.map(({ delayMs }) => delayMs));
    process.stdout.write(`down after ${Math.round(downMs)} ms, worst delay ${Math.round(worst)} ms\n`);
    expect(worst).toBeLessThan(1_500);
    expect(renditions.map(({ usage }) => usage)).toEqual(['high-res', 'low-res', 'high-res']);
    expect(new Set(units.map(({ ssrc }) => ssrc)).size).toBe(1);
    const later = units.slice(1).map((unit, index) => ({ unit, before: units[index] }));
    expect(later.filter(({ unit, before }) => unit.sequence !== ((before.sequence + before.packets) & 0xffff))).toEqual(
      [],
    );
    const jumps = later.filter(({ unit, before }) => (unit.timestamp - before.timestamp) >>> 0 !== FRAME_TICKS);
    expect(jumps.every(({ unit }) => unit.key)).toBe(true);
    expect(jumps.every(({ unit, before }) => (unit.timestamp - before.timestamp) >>> 0 < 90_000 * 3)).toBe(true);
    expect(player.stderr).toBe('');
  }, 60_000);

  it('is decoded by GStreamer across the change', async () => {
    pair = await startAdaptivePair(clips, { graceMs: 0 });
    const { renditions } = watch(pair);
    const decode = 'application/x-rtp,media=video ! rtph264depay ! h264parse ! avdec_h264 ! fakesink num-buffers=200';
    const source = ['rtspsrc', `location=${pair.url}`, 'protocols=tcp', 'latency=100'];
    const ended = runPeer('gst-launch-1.0', ['-q', ...source, '!', ...decode.split(' ')]);
    await waitUntil('the high resolution runs', () => pair.high.stats.units > 50);
    pair.line.change('down', { rateBitsPerS: LINE_BITS });
    await waitUntil('the low resolution runs', () => renditions.at(-1)?.usage === 'low-res', 6_000);
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }, 40_000);
});

describe('three cameras that are watched as automatic on one line', () => {
  it('go down one after another until the line bears them, the youngest first', async () => {
    const high = await makeClip({ width: 640, height: 360, bitsPerSecond: 1_500_000 });
    const low = await makeClip({ width: 320, height: 180, bitsPerSecond: 250_000 });
    const pair = await startAdaptivePair({ high, low }, { graceMs: 0 });
    try {
      const seen = [await follow(pair.cloud), await follow(pair.another()), await follow(pair.another())];
      pair.line.change('down', { rateBitsPerS: 4_000_000 });
      const usages = (): string => seen.map(({ renditions }) => renditions.at(-1)?.usage ?? '').join();
      await waitUntil('the youngest has gone down', () => usages() === 'high-res,high-res,low-res', 10_000);
      const from = seen.map(({ units }) => units.length);
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      expect(usages()).toBe('high-res,high-res,low-res');
      const settled = seen.map(({ units }, index) => units.slice((from[index] ?? 0) + 50));
      const worst = settled.map((units) => Math.max(...units.map(({ delayMs }) => delayMs)));
      process.stdout.write(`worst delays after that: ${worst.map(Math.round).join(', ')} ms\n`);
      expect(Math.max(...worst)).toBeLessThan(1_500);
    } finally {
      await pair.close();
    }
  }, 60_000);
});
