import { connect } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClipSource, parseClip, RtspSource } from '@app/media';
import { startGstCamera } from '../harness/media-peer.js';
import { startPair, type RedirectorPair } from '../harness/redirector-pair.js';
import { ViewerProbe } from '../harness/viewer-probe.js';

const clipFile = join(__dirname, '../../apps/demo-camera/clips/high.h264');
const quick = { firstMs: 50, maxMs: 200 };

describe('continuity for viewers', () => {
  it('gives the payloads of the camera, bit by bit, with picture and sound', async () => {
    const camera = await startGstCamera();
    const pair = await startPair(new RtspSource(camera.url('/av')));
    const direct = await ViewerProbe.play(camera.url('/av'));
    const viewer = await ViewerProbe.play(pair.url);
    try {
      await viewer.until(() => viewer.video().length >= 60);
      expect(viewer.units.some((unit) => unit.track === 1)).toBe(true);
      expect(viewer.gaps).toBe(0);
      // The camera's server may join a client in the middle of its first access unit.
      const seen = viewer.video().slice(1, 51);
      await direct.until(() => direct.video().includes(seen[49]));
      const start = direct.video().indexOf(seen[0]);
      expect(start).toBeGreaterThanOrEqual(0);
      expect(direct.video().slice(start, start + 50)).toEqual(seen);
    } finally {
      await Promise.all([viewer.close(), direct.close()]);
      await pair.close();
      await camera.stop();
    }
  }, 40_000);

  it('passes AAC, Opus, G.711 and data unchanged beside the picture', async () => {
    const camera = await startGstCamera({ gap: 10 });
    const pair = await startPair(new RtspSource(camera.url('/tracks')));
    const direct = await ViewerProbe.play(camera.url('/tracks'));
    const viewer = await ViewerProbe.play(pair.url);
    const of = (probe: ViewerProbe, track: number): string[] =>
      probe.units.filter((unit) => unit.track === track).map((unit) => unit.hash);
    try {
      const codecs = ['H264', 'MPEG4-GENERIC', 'OPUS', 'PCMU', 'X-GST'];
      expect(viewer.description.tracks.map(({ codec }) => codec)).toEqual(codecs);
      expect(viewer.description.tracks.map(({ lines }) => lines.filter((line) => line.startsWith('a=fmtp')))).toEqual(
        direct.description.tracks.map(({ lines }) => lines.filter((line) => line.startsWith('a=fmtp'))),
      );
      for (const track of codecs.keys()) {
        await viewer.until(() => of(viewer, track).length > 12);
        const seen = of(viewer, track).slice(2, 12);
        await direct.until(() => of(direct, track).includes(seen[9]));
        const whole = of(direct, track);
        const starts = whole.flatMap((hash, at) => (hash === seen[0] ? [at] : []));
        expect(starts.some((at) => seen.every((hash, index) => whole[at + index] === hash))).toBe(true);
      }
      expect(viewer.gaps).toBe(0);
    } finally {
      await Promise.all([viewer.close(), direct.close()]);
      await pair.close();
      await camera.stop();
    }
  }, 40_000);

  it('keeps the viewer when the camera restarts, and goes on at a keyframe without a gap in the numbers', async () => {
    const camera = await startGstCamera();
    const pair = await startPair(new RtspSource(camera.url('/cam')), { site: quick, cloud: quick });
    const viewer = await ViewerProbe.play(pair.url);
    let restarted = camera;
    try {
      await viewer.until(() => viewer.units.length > 30);
      await camera.stop();
      const before = viewer.units.length;
      restarted = await startGstCamera({ port: camera.port });
      await viewer.until(() => viewer.units.length > before + 30);
      const pause = (index: number): number => viewer.units[index].at - viewer.units[index - 1].at;
      const jump = viewer.units
        .map((_, index) => index)
        .slice(1)
        .reduce((a, b) => (pause(b) > pause(a) ? b : a));
      expect(viewer.units[jump].key).toBe(true);
      const elapsedMs = viewer.units[jump].at - viewer.units[jump - 1].at;
      const steppedMs = ((viewer.units[jump].timestamp - viewer.units[jump - 1].timestamp) >>> 0) / 90;
      expect(Math.abs(steppedMs - elapsedMs)).toBeLessThan(200);
      expect({ gaps: viewer.gaps, ended: viewer.ended }).toEqual({ gaps: 0, ended: undefined });
    } finally {
      await viewer.close();
      await pair.close();
      await restarted.stop();
    }
  }, 40_000);
});

describe('a pair with a clip', () => {
  let pair: RedirectorPair;

  beforeEach(async () => {
    const clip = parseClip(readFileSync(clipFile));
    pair = await startPair(new ClipSource(clip, { name: 'clip', framesPerSecond: 25 }), { cloud: quick });
  });

  afterEach(() => pair.close());

  it('keeps the viewer when the link is cut, and goes on at a keyframe', async () => {
    const viewer = await ViewerProbe.play(pair.url);
    await viewer.until(() => viewer.units.length > 10);
    pair.cutLinks();
    await viewer.until(() => pair.cloud.stats.opened === 2);
    const cut = viewer.units.length;
    await viewer.until(() => viewer.units.length > cut + 30);
    const steps = viewer.units.map((unit, index) =>
      index === 0 ? 3600 : (unit.timestamp - viewer.units[index - 1].timestamp) >>> 0,
    );
    const jumps = viewer.units.filter((_, index) => steps[index] !== 3600);
    expect(jumps.map((unit) => unit.key)).toEqual([true]);
    expect({ gaps: viewer.gaps, ended: viewer.ended }).toEqual({ gaps: 0, ended: undefined });
    await viewer.close();
  }, 20_000);

  it('serves a healthy viewer without a gap beside 50 that take nothing', async () => {
    const stalled = await Promise.all(Array.from({ length: 50 }, () => stalledViewer(pair.url)));
    const viewer = await ViewerProbe.play(pair.url);
    const startedAt = performance.now();
    await viewer.until(() => viewer.units.length >= 150);
    const timestamps = viewer.units.map((unit) => unit.timestamp);
    const steps = new Set(timestamps.slice(1).map((timestamp, index) => (timestamp - timestamps[index]) >>> 0));
    expect([...steps]).toEqual([3600]);
    expect(viewer.gaps).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(8000);
    stalled.forEach((socket) => socket.destroy());
    await viewer.close();
  }, 30_000);
});

/** Sets up and plays, and then reads nothing any more. */
async function stalledViewer(url: string): Promise<ReturnType<typeof connect>> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const ask = async (method: string, path: string, fields: string): Promise<string> => {
    socket.write(`${method} ${url}${path} RTSP/1.0\r\nCSeq: 1\r\n${fields}\r\n`);
    return String(await once(socket, 'data'));
  };
  const answer = await ask('SETUP', '/trackID=0', 'Transport: RTP/AVP/TCP;interleaved=0-1\r\n');
  const session = /Session: (\w+)/.exec(answer)![1];
  socket.write(`PLAY ${url} RTSP/1.0\r\nCSeq: 2\r\nSession: ${session}\r\n\r\n`);
  socket.pause();
  return socket;
}
