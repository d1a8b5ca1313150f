import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RtspReplaySource } from '@app/media';
import { runPeer } from '../harness/media-peer.js';
import { startReplayPair, type ReplayPair } from '../harness/replay-pair.js';
import { ReplayProbe } from '../harness/replay-probe.js';

const clip = join(__dirname, '../../apps/demo-camera/clips/high.h264');

/** Without RTP headers: the server chooses numbers anew for every client. */
const payloads = (probe: ReplayProbe): Buffer =>
  Buffer.concat(
    probe.packets.map((packet) => {
      const extended = ((packet[0] ?? 0) & 0x10) !== 0;
      return packet.subarray(12 + (extended ? 4 + packet.readUInt16BE(14) * 4 : 0));
    }),
  );

describe('playback of a recorder that is not ours: gst-rtsp-server', () => {
  const dir = mkdtempSync(join(tmpdir(), 'recorder-'));
  let recorder: ChildProcess;
  let url: string;
  let pair: ReplayPair;

  const open = async (at: string): Promise<ReplayProbe> => {
    const probe = await ReplayProbe.open(at);
    await probe.setUp();
    return probe;
  };

  beforeAll(async () => {
    const file = join(dir, 'rec.mp4');
    const input = ['-loglevel', 'error', '-framerate', '25', '-i', clip];
    const made = await runPeer('ffmpeg', [...input, '-c', 'copy', file]);
    if (made.code !== 0) throw new Error(`ffmpeg made no recording: ${made.stderr}`);
    const script = join(__dirname, '../harness/gst-recorder.py');
    recorder = spawn('/usr/bin/python3', [script, file, '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface({ input: recorder.stdout! }), 'line')) as [string];
    url = `rtsp://127.0.0.1:${line.split(' ')[1]}/rec`;
    pair = await startReplayPair(new RtspReplaySource(url));
  }, 30_000);

  afterAll(async () => {
    await pair?.close();
    recorder?.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  });

  it('gives the same payloads as directly, as fast as they can be taken', async () => {
    const [tunnelled, direct] = [await open(pair.url), await open(url)];
    for (const probe of [tunnelled, direct]) {
      expect((await probe.play({ Range: 'npt=0-', 'Rate-Control': 'no' })).status).toBe(200);
      await probe.untilBye();
    }
    expect(tunnelled.packets.length).toBeGreaterThan(500);
    expect(payloads(tunnelled).equals(payloads(direct))).toBe(true);
    tunnelled.close();
    direct.close();
  }, 40_000);

  it('plays intra pictures alone', async () => {
    const [all, intra] = [await open(pair.url), await open(pair.url)];
    await all.play({ Range: 'npt=0-', 'Rate-Control': 'no' });
    await intra.play({ Range: 'npt=0-', 'Rate-Control': 'no', Frames: 'intra' });
    await Promise.all([all.untilBye(), intra.untilBye()]);
    expect(intra.packets.length).toBeGreaterThan(10);
    expect(intra.packets.length).toBeLessThan(all.packets.length / 2);
    all.close();
    intra.close();
  }, 40_000);
});
