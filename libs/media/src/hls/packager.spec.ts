import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hub } from '../hub/hub.js';
import { parseClip } from '../source/clip.js';
import { ClipSource } from '../source/clip-source.js';
import { HlsPackager } from './packager.js';
import { mediaPlaylist, multivariantPlaylist } from './playlist.js';
import { secondsOf } from './segment.js';

const clip = parseClip(readFileSync(join(__dirname, '../../../../apps/demo-camera/clips/low.h264')));

describe('HlsPackager', () => {
  let hub: Hub;
  let packager: HlsPackager;

  beforeEach(async () => {
    hub = new Hub(new ClipSource(clip, { name: 'clip', framesPerSecond: 25 }));
    packager = new HlsPackager(hub, await hub.describe(), { segmentSeconds: 1, keptSegments: 3 });
    packager.start();
  });

  afterEach(async () => {
    packager.stop();
    await hub.close();
  });

  it('cuts parts of 200 ms and segments that begin with keyframes, which ffmpeg decodes to the last frame', async () => {
    await packager.until(() => packager.segments.filter(({ isComplete }) => isComplete).length >= 2, 10_000);
    const complete = packager.segments.filter(({ isComplete }) => isComplete);
    for (const segment of complete) {
      expect(segment.parts[0].independent).toBe(true);
      for (const part of segment.parts.slice(0, -1)) expect(part.seconds).toBeCloseTo(0.2, 2);
    }
    const dir = mkdtempSync(join(tmpdir(), 'adit-hls-'));
    const bytes = complete.flatMap(({ parts }) => parts.map(({ data }) => data));
    writeFileSync(join(dir, 'made.mp4'), Buffer.concat([packager.init(0)!.data, ...bytes]));
    const args = ['-v', 'error', '-xerror', '-i', join(dir, 'made.mp4'), '-f', 'framemd5', '-'];
    const { stdout, stderr } = spawnSync('ffmpeg', args, { encoding: 'utf8' });
    rmSync(dir, { recursive: true });
    const frames = stdout.split('\n').filter((line) => /^\d/.test(line)).length;
    const seconds = complete.reduce((sum, segment) => sum + secondsOf(segment), 0);
    expect({ stderr, frames }).toEqual({ stderr: '', frames: Math.round(seconds * 25) });
  }, 20_000);

  it('writes the playlists, with a hint at the part that comes next', async () => {
    await packager.until(() => (packager.segments[1]?.parts.length ?? 0) === 2, 10_000);
    const text = mediaPlaylist(packager);
    expect(text).toContain('#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.750\n');
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MAP:URI="init0.mp4"\n');
    expect(text).toContain('#EXT-X-PART:DURATION=0.20000,URI="1.0.m4s",INDEPENDENT=YES\n');
    expect(text.trimEnd()).toMatch(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1\.2\.m4s"$/);
    expect(multivariantPlaylist(packager, 'x/live.m3u8')).toMatch(
      /CODECS="avc1\.[0-9a-f]{6}",RESOLUTION=\d+x\d+\nx\/live/,
    );
  }, 20_000);

  it('keeps a bounded number of segments', async () => {
    await packager.until(() => (packager.segments[0]?.number ?? 0) > 0, 20_000);
    expect(packager.segments.length).toBeLessThanOrEqual(4);
  }, 30_000);

  it('begins anew, and says so, when the source was away', async () => {
    await packager.until(() => packager.segments.length > 0, 5_000);
    packager.state('reconnecting');
    await packager.until(
      () => packager.segments.length > 1 && (packager.segments.at(-1)?.parts.length ?? 0) > 0,
      5_000,
    );
    expect(packager.segments.at(-1)).toMatchObject({ discontinuity: true });
    expect(mediaPlaylist(packager)).toContain('#EXT-X-DISCONTINUITY\n');
  }, 20_000);

  it('lets nobody wait for a stream that has ended', async () => {
    const waiting = packager.until(() => false, 60_000);
    packager.stop();
    expect(await waiting).toBe(false);
  });
});
