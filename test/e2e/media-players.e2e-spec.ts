import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClipSource, parseClip, RtspSource, splitAnnexB, type ViewerInfo } from '@app/media';
import { Player } from '../harness/ffmpeg.js';
import { isRunOf } from '../harness/frame-run.js';
import { runPeer, startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { startPair, type RedirectorPair } from '../harness/redirector-pair.js';

const clipFile = join(__dirname, '../../apps/demo-camera/clips/low.h264');

const players: Record<string, (url: string) => [command: string, args: string[]]> = {
  'ffmpeg over TCP': (url) => [
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', '-rtsp_transport', 'tcp', '-i', url, '-t', '1', '-f', 'null', '-'],
  ],
  'ffmpeg that offers UDP first': (url) => [
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'fatal', '-i', url, '-t', '1', '-f', 'null', '-'],
  ],
  'rtspsrc of GStreamer': (url) => [
    'gst-launch-1.0',
    [
      '-q',
      'rtspsrc',
      `location=${url}`,
      'latency=50',
      '!',
      'application/x-rtp,media=video',
      '!',
      'rtph264depay',
      '!',
      'h264parse',
      '!',
      'avdec_h264',
      '!',
      'fakesink',
      'num-buffers=25',
    ],
  ],
};

describe('players through the redirector pair', () => {
  let camera: GstCamera;
  let pair: RedirectorPair;

  beforeAll(async () => {
    camera = await startGstCamera({ user: 'admin', password: 'p"w:1' });
    const credentials = { user: 'admin', password: 'p"w:1' };
    pair = await startPair(new RtspSource(camera.url('/cam'), { credentials }));
  }, 20_000);

  afterAll(async () => {
    await pair?.close();
    await camera?.stop();
  });

  it.each(Object.keys(players))(
    '%s plays a camera that asks for Digest',
    async (name) => {
      const finished = await runPeer(...players[name](pair.url));
      expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: '' });
    },
    30_000,
  );

  it('ffprobe sees the camera’s codec and size', async () => {
    const args = [
      '-v',
      'error',
      '-rtsp_transport',
      'tcp',
      '-show_entries',
      'stream=codec_name,width,height',
      '-of',
      'csv=p=0',
      pair.url,
    ];
    const finished = await runPeer('ffprobe', args);
    expect(finished.stdout.toString().trim()).toBe('h264,320,240');
  }, 30_000);

  it('the site pulls the camera once for all of them', () => {
    expect(pair.site.stats.opened).toBe(1);
    expect(pair.cloud.stats.opened).toBe(1);
  });
});

describe('a redirector that stands still itself for a moment', () => {
  it('cuts nobody for it: what was acknowledged meanwhile lies unread in its sockets', async () => {
    const camera = await startGstCamera({ gap: 50 });
    const viewers: ViewerInfo[] = [];
    const listener = { viewerStarted: (viewer: ViewerInfo) => void viewers.push(viewer) };
    const pair = await startPair(new RtspSource(camera.url('/cam')), { listener });
    try {
      await using original = new Player(camera.url('/cam'), { copy: true });
      await original.untilFrames(5);
      await using player = new Player(pair.url, { copy: true });
      await player.untilFrames(10);
      // Right behind a frame that was sent, whose acknowledgement cannot be read before more of the camera.
      let stalls = 0;
      const stall = (): void => {
        if (++stalls % 20 === 0) standStill(900);
      };
      const { close } = pair.site.subscribe({ unit: stall, end: () => undefined }, 'keyframe');
      await player.untilFrames(player.frames.length + 80);
      close();
      const seen = [...player.frames];
      await original.untilFrames(original.frames.length + 25);
      expect(isRunOf(seen, original.frames)).toBe(true);
      expect(viewers.map(({ stats }) => stats.droppedUnits)).toEqual([0]);
    } finally {
      await pair.close();
      await camera.stop();
    }
  }, 60_000);
});

const standStill = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('the elementary stream that ffmpeg stores', () => {
  it('is that of the clip, NAL unit by NAL unit', async () => {
    const clip = parseClip(readFileSync(clipFile));
    const pair = await startPair(new ClipSource(clip, { name: 'clip', framesPerSecond: 25 }));
    try {
      const args = [
        '-hide_banner',
        '-loglevel',
        'error',
        '-rtsp_transport',
        'tcp',
        '-i',
        pair.url,
        '-t',
        '2',
        '-c',
        'copy',
        '-f',
        'h264',
        '-',
      ];
      const { stdout } = await runPeer('ffmpeg', args);
      const stored = splitAnnexB(stdout).map((unit) => unit.toString('base64'));
      const original = clip.frames.flatMap((frame) => frame.units).map((unit) => unit.toString('base64'));
      expect(stored.length).toBeGreaterThan(50);
      expect(stored).toEqual(original.slice(0, stored.length));
    } finally {
      await pair.close();
    }
  }, 30_000);
});
