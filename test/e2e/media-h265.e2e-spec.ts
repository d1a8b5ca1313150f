import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { playerDefaults, PlayerOutlet, RtspSource } from '@app/media';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { runPeer, startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { startPair, type RedirectorPair } from '../harness/redirector-pair.js';

describe('an H.265 camera through the redirector pair', () => {
  let camera: GstCamera;
  let pair: RedirectorPair;

  beforeAll(async () => {
    camera = await startGstCamera();
    pair = await startPair(new RtspSource(camera.url('/h265')));
  }, 30_000);

  afterAll(async () => {
    await pair?.close();
    await camera?.stop();
  });

  it('is decoded by ffmpeg, picture after picture', async () => {
    await using player = new Player(pair.url);
    await player.untilFrames(50);
    expect(new Set(player.frames.map(({ md5 }) => md5)).size).toBeGreaterThan(10);
    expect(player.stderr).toBe('');
  }, 40_000);

  it('is fragmented MP4 of the kind hvc1 for browsers, which ffprobe and ffmpeg read', async () => {
    const pieces: Buffer[] = [];
    let mime = '';
    const channel = {
      text: (): void => undefined,
      binary: (head: Buffer, body: Buffer): void => {
        const isInit = head[0] === 1;
        if (isInit) mime = head.toString('latin1', 2);
        pieces.push(Buffer.from(body));
        if (!isInit) outlet.acknowledge(head.readUInt32BE(4));
      },
    };
    const outlet = new PlayerOutlet(pair.cloud, await pair.cloud.describe(), channel, playerDefaults, () => undefined);
    outlet.start();
    await waitUntil('pictures are there', () => pieces.length > 50);
    outlet.stop();
    expect(mime).toMatch(/^video\/mp4; codecs="hvc1\.1\.6\.L\d+/);
    const dir = mkdtempSync(join(tmpdir(), 'adit-h265-'));
    try {
      const file = join(dir, 'made.mp4');
      writeFileSync(file, Buffer.concat(pieces));
      const shown = [
        '-count_frames',
        '-show_entries',
        'stream=codec_name,codec_tag_string,width,height,nb_read_frames',
      ];
      const probed = await runPeer('ffprobe', ['-v', 'error', ...shown, '-of', 'csv=p=0', file]);
      expect(probed.stderr).toBe('');
      expect(probed.stdout.toString().trim()).toBe(`hevc,hvc1,320,240,${pieces.length - 1}`);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }, 40_000);
});
