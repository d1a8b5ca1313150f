import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatClock } from '@app/media';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { freePort } from '../../tools/launcher/port.mjs';
import type { Camera } from '../../tools/demo/rest.mjs';
import { Player } from '../harness/ffmpeg.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { Platform } from '../harness/platform.js';
import { Recording } from '../harness/recording.js';
import { ReplayProbe } from '../harness/replay-probe.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';

const START = Date.UTC(2026, 0, 31, 12);
/** About 1.05 Mbit/s, 10 MB in all. */
const recording = new Recording(START, [[0, 80]]);
const all = `clock=${formatClock(START)}-${formatClock(START + 80_000)}`;

describe('recordings on a site’s uplink', () => {
  let platform: Platform;
  let recorder: OnvifDevice;
  let cameras: AppProcess;
  let site: Site;
  let gate: Camera;

  const setUplink = async (text: string): Promise<void> => {
    writeFileSync(join(site.stateDir, 'agent.yaml'), `uplink: { ${text} }\n`, { mode: 0o600 });
    // The agent reads it again within three seconds.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
  };

  /** Plays as fast as it is given. */
  const replay = async (): Promise<ReplayProbe> => {
    const probe = await ReplayProbe.open(await site.viewUrl(gate, 'recording'));
    await probe.setUp();
    await probe.play({ Range: all, 'Rate-Control': 'no' });
    return probe;
  };

  const bytesOf = ({ packets }: ReplayProbe): number => packets.reduce((sum, packet) => sum + packet.length, 0);

  beforeAll(async () => {
    recorder = await OnvifDevice.start(recording, { user: 'viewer', password: 'secret' });
    platform = await Platform.start();
    const port = await freePort();
    cameras = new AppProcess({
      name: 'demo-camera',
      entry: entryOf('demo-camera'),
      args: ['--port', String(port)],
      env: {},
      log: (name, line) => platform.note(name, line),
    });
    await cameras.start(20_000);
    site = await platform.createSite('Recording site');
    const recordings = { onvif: recorder.service, username: 'viewer', password: 'secret' };
    const streams = [{ url: `rtsp://127.0.0.1:${port}/high` }];
    const list = { cameras: [{ id: 'gate', name: 'Gate', streams, recordings }] };
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify(list), { mode: 0o600 });
    await site.run();
    await site.federate();
    [gate] = (await site.cameras('Gate')) as [Camera];
  }, 120_000);

  afterAll(async () => {
    await cameras?.stop();
    await platform?.stop();
    await recorder?.[Symbol.asyncDispose]();
  }, 30_000);

  it('are read no faster than their share, lose nothing, and a further one is refused', async () => {
    await setUplink('limit: unlimited, playback: 2 Mbit/s');
    const probe = await replay();
    const [from, before] = [performance.now(), bytesOf(probe)];
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    const bitsPerSecond = ((bytesOf(probe) - before) * 8_000) / (performance.now() - from);
    process.stdout.write(`share 2 Mbit/s: ${Math.round(bitsPerSecond / 1_000)} kbit/s\n`);
    expect(bitsPerSecond).toBeGreaterThan(1.5e6);
    expect(bitsPerSecond).toBeLessThan(2.4e6);
    const refused = await describeRtsp(await site.viewUrl(gate, 'recording'));
    expect([refused.status, refused.code]).toEqual([453, 'uplink-playback-exceeded']);
    await setUplink('limit: unlimited');
    await probe.untilBye();
    const numbers = probe.packets.map((packet) => packet.readUInt16BE(2));
    expect(numbers.slice(1).every((number, index) => number === (((numbers[index] ?? 0) + 1) & 0xffff))).toBe(true);
    probe.close();
  }, 60_000);

  it('leave a live picture its line, however fast they are asked for', async () => {
    await setUplink('limit: 4 Mbit/s');
    const player = new Player(await site.viewUrl(gate, 'live'), { copy: true });
    await player.untilFrames(50);
    const probe = await replay();
    const from = player.frames.length;
    await player.untilFrames(from + 250);
    const taken = bytesOf(probe);
    probe.close();
    await player.stop();
    // ffmpeg gives its first two frames the same time.
    const seen = player.frames.slice(1);
    const steps = seen.slice(1).map(({ pts }, index) => pts - (seen[index]?.pts ?? 0));
    expect(new Set(steps)).toEqual(new Set([3_600]));
    expect(taken).toBeGreaterThan(50_000);
  }, 60_000);
});
