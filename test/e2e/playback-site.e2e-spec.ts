import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatClock } from '@app/media';
import type { Camera } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { play } from '../harness/ffmpeg.js';
import { runPeer, type GstCamera } from '../harness/media-peer.js';
import type { OnvifDevice } from '../harness/onvif-device.js';
import type { Platform } from '../harness/platform.js';
import { RecordedSite } from '../harness/recorded-site.js';
import { Recording } from '../harness/recording.js';
import { extensionsOf, ReplayProbe } from '../harness/replay-probe.js';
import { ReplayServer } from '../harness/replay-server.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';

const START = Date.UTC(2026, 0, 31, 12);
const recording = new Recording(START, [
  [0, 10],
  [30, 10],
]);
const iso = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const clock = (from: number, to: number): string =>
  `clock=${formatClock(START + from * 1000)}-${formatClock(START + to * 1000)}`;

describe('recordings of a site behind a tunnel', () => {
  let platform: Platform;
  let recorded: RecordedSite;
  let live: GstCamera;
  let recorder: OnvifDevice;
  let site: Site;
  let gate: Camera;
  let yard: Camera;

  const timeline = async (camera: Camera, from: number, to: number): Promise<string[]> => {
    const rest = await platform.signIn();
    const path = `/cameras/${camera.id}/timeline?from=${iso(from)}&to=${iso(to)}`;
    const { spans } = (await rest.call('GET', path)) as { spans: { from: string; to: string; state: string }[] };
    const seconds = (text: string): number => (Date.parse(text) - START) / 1000;
    return spans.map((span) => `${span.state} ${seconds(span.from)}-${seconds(span.to)}`);
  };

  beforeAll(async () => {
    recorded = await RecordedSite.start(recording);
    ({ platform, site, recorder, live, gate, yard } = recorded);
  }, 120_000);

  afterAll(async () => {
    await recorded?.[Symbol.asyncDispose]();
  }, 30_000);

  it('shows in REST what is recorded and what is not', async () => {
    expect(await timeline(gate, -10, 50)).toEqual([
      'empty -10-0',
      'recorded 0-10',
      'empty 10-30',
      'recorded 30-40',
      'empty 40-50',
    ]);
    await expect(timeline(yard, 0, 10)).rejects.toThrow(/ recording-not-found /);
    await expect(timeline(gate, 10, 10)).rejects.toThrow(/ invalid-request /);
    await expect(timeline(gate, 0, 400 * 86_400)).rejects.toThrow(/ invalid-request /);
  });

  it('lists the recordings alone, page by page', async () => {
    const rest = await platform.signIn();
    const path = `/cameras/${gate.id}/recordings?from=${iso(-10)}&to=${iso(50)}&limit=1`;
    const spans: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer = await rest.call('GET', `${path}${cursor && `&cursor=${cursor}`}`);
      const page = answer as { items: unknown[]; nextCursor: string | null };
      spans.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(spans).toEqual([
      { from: iso(0), to: iso(10), state: 'recorded' },
      { from: iso(30), to: iso(40), state: 'recorded' },
    ]);
  });

  it('plays a range to its end with every byte that the device sent', async () => {
    const plain = new ReplayServer(recording);
    await plain.listen();
    const tunnelled = await ReplayProbe.open(await site.viewUrl(gate, 'recording'));
    const direct = await ReplayProbe.open(plain.url);
    try {
      for (const probe of [tunnelled, direct]) {
        expect(await probe.setUp()).toContain(clock(0, 40));
        await probe.play({ Range: clock(0, 40), 'Rate-Control': 'no' });
        await probe.untilBye();
      }
      expect(tunnelled.packets.length).toBeGreaterThan(1_000);
      expect(Buffer.concat(tunnelled.packets).equals(Buffer.concat(direct.packets))).toBe(true);
      expect(extensionsOf(tunnelled.packets)).toHaveLength(500);
      expect(platform.lines.some((line) => /"service":"redirector","class":"playback"/.test(line))).toBe(true);
    } finally {
      tunnelled.close();
      direct.close();
      await plain.close();
    }
    await waitUntil('the recorder is left', () => recorder.replay.sockets.size === 0);
  }, 30_000);

  it('is played by ffmpeg from a place to the end, which knows how long it is', async () => {
    const url = await site.viewUrl(gate, 'recording');
    const frames = await play(url, { seconds: 60, copy: true, seek: 36 });
    expect(frames.length).toBeGreaterThanOrEqual(100);
    expect(frames.length).toBeLessThanOrEqual(150);
    const asked = recorder.replay.queries.findLast(({ method }) => method === 'PLAY');
    expect(asked?.headers.get('range')).toMatch(/^clock=20260131T120036\.0\d0Z-$/);
  }, 60_000);

  it('is a stream that operators see, and end with BYE', async () => {
    const rest = await platform.signIn();
    const streams = (): Promise<{ id: string }[]> => rest.list(`/streams?cameraId=${gate.id}&kind=playback`);
    await waitUntil('those before are gone', async () => (await streams()).length === 0);
    const probe = await ReplayProbe.open(await site.viewUrl(gate, 'recording'));
    await probe.setUp();
    await probe.play({ Range: clock(0, 40) });
    await probe.until(20);
    await waitUntil('it is listed', async () => (await streams()).length === 1);
    const [stream] = await streams();
    expect(stream).toMatchObject({ usage: 'recording', transport: 'tcp', siteLabel: 'hamburg', camera: gate.path });
    await rest.call('POST', `/streams/${stream?.id}/end`);
    await probe.untilBye();
    await waitUntil('the connection is closed', () => probe.closed);
    expect(await streams()).toEqual([]);
  }, 40_000);

  it('is played by GStreamer as ONVIF replay, faster than time, to its end', async () => {
    const url = await site.viewUrl(gate, 'recording');
    const startedAt = performance.now();
    const source = [
      'rtspsrc',
      `location=${url}`,
      'protocols=tcp',
      'onvif-mode=true',
      'onvif-rate-control=false',
      'buffer-mode=none',
    ];
    const sink = 'application/x-rtp,media=video ! rtph264depay ! h264parse ! avdec_h264 ! fakesink sync=false';
    const ended = await runPeer('gst-launch-1.0', ['-q', ...source, '!', ...sink.split(' ')]);
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(performance.now() - startedAt).toBeLessThan(12_000);
    const asked = recorder.replay.queries.findLast(({ method }) => method === 'PLAY');
    expect(asked?.headers.get('rate-control')).toBe('no');
  }, 60_000);

  it('gives the live stream where nothing is recorded, and refuses replay of it', async () => {
    const url = await site.viewUrl(yard, 'recording');
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
    const probe = await ReplayProbe.open(await site.viewUrl(yard, 'recording'));
    const refused = await probe.ask('DESCRIBE', { Require: 'onvif-replay' });
    probe.close();
    expect([refused.status, refused.headers.get('x-error-code')]).toEqual([404, 'recording-not-found']);
  });

  it('says why the recorder cannot be played, and ends what plays when the camera loses its recordings', async () => {
    const probe = await ReplayProbe.open(await site.viewUrl(gate, 'recording'));
    await probe.setUp();
    await probe.play({ Range: clock(0, 40) });
    await probe.until(20);
    const cameras = [{ id: 'gate', name: 'Gate', streams: [{ url: live.url('/cam') }] }];
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify({ cameras }));
    await waitUntil('the viewer is told', () => probe.closed);
    expect(probe.saidBye).toBe(true);
    await waitUntil('the recorder is left', () => recorder.replay.sockets.size === 0);
    const dead = { onvif: 'http://127.0.0.1:9/onvif' };
    writeFileSync(
      join(site.stateDir, 'cameras.yaml'),
      JSON.stringify({ cameras: cameras.map((camera) => ({ ...camera, recordings: dead })) }),
    );
    await waitUntil('the list is read', async () => {
      const error: unknown = await timeline(gate, 0, 10).catch((thrown: unknown) => thrown);
      return /recording-unavailable camera-unreachable/.test(String(error));
    });
    expect(await describeRtsp(await site.viewUrl(gate, 'recording'))).toMatchObject({
      status: 503,
      code: 'camera-unreachable',
    });
  }, 40_000);
});
