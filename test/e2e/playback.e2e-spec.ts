import { formatClock, RtspReplaySource } from '@app/media';
import { waitUntil } from '../harness/condition.js';
import { Recording } from '../harness/recording.js';
import { startReplayPair, type ReplayPair } from '../harness/replay-pair.js';
import { extensionsOf, ReplayProbe } from '../harness/replay-probe.js';
import { ReplayServer } from '../harness/replay-server.js';

const START = Date.UTC(2026, 0, 31, 12);
/** 10 s, a gap of 20 s, 10 s. */
const recording = new Recording(START, [
  [0, 10],
  [30, 10],
]);
const clock = (fromSeconds: number, toSeconds?: number): string =>
  `clock=${formatClock(START + fromSeconds * 1000)}-${toSeconds === undefined ? '' : formatClock(START + toSeconds * 1000)}`;
const atOnce = { 'Rate-Control': 'no' };

describe('playback through both redirectors', () => {
  let device: ReplayServer;
  let pair: ReplayPair;
  const probes: ReplayProbe[] = [];

  const open = async (url = pair.url, firstCseq = 1): Promise<ReplayProbe> => {
    const probe = await ReplayProbe.open(url, firstCseq);
    probes.push(probe);
    await probe.setUp();
    return probe;
  };

  beforeEach(async () => {
    device = new ReplayServer(recording, { user: 'viewer', password: 'secret' });
    await device.listen();
    pair = await startReplayPair(new RtspReplaySource(device.url.replace('rtsp://', 'rtsp://viewer:secret@')));
  });

  afterEach(async () => {
    for (const probe of probes.splice(0)) probe.close();
    await pair.close();
    await device.close();
  });

  it('gives every byte of a range as the device sends it, the RTP extension too, and says BYE at its end', async () => {
    const plain = new ReplayServer(recording);
    await plain.listen();
    const direct = await open(plain.url, 40);
    const tunnelled = await open(pair.url, 40);
    for (const probe of [direct, tunnelled]) await probe.play({ Range: clock(2, 35), ...atOnce });
    await direct.untilBye();
    await tunnelled.untilBye();
    await plain.close();
    expect(tunnelled.packets.length).toBeGreaterThan(300);
    expect(Buffer.concat(tunnelled.packets).equals(Buffer.concat(direct.packets))).toBe(true);
    expect(tunnelled.reports).toEqual(direct.reports);
    expect(new Set(extensionsOf(tunnelled.packets).map(({ cseq }) => cseq))).toEqual(new Set([42]));
  }, 30_000);

  it('tells a finite range in absolute time and in seconds', async () => {
    const probe = await ReplayProbe.open(pair.url);
    probes.push(probe);
    const sdp = await probe.setUp();
    expect(sdp).toContain(`a=range:${clock(0, 40)}\r\na=range:npt=0-40.000\r\n`);
  });

  it('skips a gap and marks both of its sides', async () => {
    const probe = await open();
    const answer = await probe.play({ Range: clock(9, 31), ...atOnce });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get('rtp-info')).toMatch(/^url=rtsp:\/\/.*\/trackID=0;seq=1;rtptime=\d+$/);
    await probe.untilBye();
    const pictures = extensionsOf(probe.packets);
    const at = pictures.findIndex(({ flags }, index) => index > 0 && (flags & 0x20) !== 0);
    expect(pictures[at]).toMatchObject({ atMs: START + 30_000, flags: 0xa0 });
    expect(pictures[at - 1]).toMatchObject({ atMs: START + 9_960, flags: 0x40 });
  });

  it('passes on what the viewer asks for: backwards, intra pictures only, at once', async () => {
    const probe = await open();
    await probe.play({ Range: clock(40), Scale: '-1.0', Frames: 'intra', Immediate: 'yes', ...atOnce });
    await probe.untilBye();
    const times = extensionsOf(probe.packets).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThan(3);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    const asked = device.queries.findLast(({ method }) => method === 'PLAY');
    expect(Object.fromEntries(asked?.headers ?? [])).toMatchObject({
      require: 'onvif-replay',
      scale: '-1.0',
      frames: 'intra',
      immediate: 'yes',
      'rate-control': 'no',
      range: clock(40),
    });
  });

  it('plays twice as fast', async () => {
    const probe = await open();
    const answer = await probe.play({ Range: clock(0, 4), Scale: '2.0' });
    const startedAt = performance.now();
    expect(answer.headers.get('scale')).toBe('2.0');
    await probe.untilBye();
    expect(performance.now() - startedAt).toBeGreaterThan(1_500);
    expect(performance.now() - startedAt).toBeLessThan(3_500);
  });

  it('pauses, goes on where it stopped, and seeks with a new PLAY without a packet of the old place behind the answer', async () => {
    const probe = await open();
    await probe.play({ Range: clock(0) });
    await probe.until(20);
    await probe.ask('PAUSE', {});
    const paused = probe.packets.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(probe.packets.length).toBe(paused);
    await probe.play();
    await probe.until(paused + 20);
    await probe.play({ Range: clock(32), Immediate: 'yes' });
    const seek = probe.answeredAt.at(-1) ?? 0;
    await probe.until(seek + 20);
    const before = extensionsOf(probe.packets.slice(0, seek)).map(({ atMs }) => atMs);
    expect(before).toEqual(before.map((_, index) => START + index * 40));
    const after = extensionsOf(probe.packets.slice(seek)).map(({ atMs }) => atMs);
    expect(after[0]).toBeGreaterThanOrEqual(START + 31_000);
    expect(Math.min(...after)).toBeGreaterThanOrEqual(START + 30_000);
    const numbers = probe.packets.map((packet) => packet.readUInt16BE(2));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect((await probe.ask('TEARDOWN', {})).status).toBe(200);
    await waitUntil('the device is left', () => Promise.resolve(device.sockets.size === 0));
  }, 30_000);

  it.each([
    ['behind the last moment', clock(41), 457],
    ['before the first moment', `clock=20250101T000000Z-20250101T010000Z`, 457],
    ['in no known form', 'clock=yesterday-', 400],
    ['in the gap alone', clock(12, 20), 457],
    ['in seconds beyond its length', 'npt=100-', 457],
  ])('refuses a range %s and goes on with another', async (_title, range, status) => {
    const probe = await open();
    const answer = await probe.play({ Range: range, ...atOnce });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-error-code')).toBe(status === 457 ? 'recording-range-outside' : 'rtsp-malformed');
    expect((await probe.play({ Range: clock(0, 1), ...atOnce })).status).toBe(200);
    await probe.untilBye();
  });

  it('holds back the device for a viewer that does not read, keeps it, and gives it everything once it reads', async () => {
    const long = new ReplayServer(new Recording(START, [[0, 400]]));
    await long.listen();
    const backlogs: number[] = [];
    const slow = await startReplayPair(new RtspReplaySource(long.url), {}, (bytes) => backlogs.push(bytes));
    const probe = await open(slow.url);
    try {
      await probe.play({ Range: clock(0), ...atOnce });
      await probe.until(100);
      probe.socket.pause();
      let sent = -1;
      await waitUntil('nothing is sent any more', async () => {
        const before = sent;
        await new Promise((resolve) => setTimeout(resolve, 500));
        sent = long.sentBytes;
        backlogs.push(slow.backlogBytes());
        return before === sent;
      });
      const all = 10_000;
      expect(long.runs.size).toBe(1);
      expect([...long.runs][0]?.positionMs).toEqual(expect.any(Number));
      expect(Math.max(...backlogs)).toBeLessThan(800 << 10);
      probe.socket.resume();
      await probe.untilBye();
      expect(extensionsOf(probe.packets)).toHaveLength(all);
      const numbers = probe.packets.map((packet) => packet.readUInt16BE(2));
      expect(numbers.findIndex((number, index) => number !== ((index + 1) & 0xffff))).toBe(-1);
    } finally {
      probe.close();
      await slow.close();
      await long.close();
    }
  }, 60_000);

  it('ends with BYE when the device hangs up, when the way to the site is lost, and finishes the connection', async () => {
    const rude = new ReplayServer(recording, { hangsUp: true });
    await rude.listen();
    const other = await startReplayPair(new RtspReplaySource(rude.url));
    const probe = await open(other.url);
    await probe.play({ Range: clock(38), ...atOnce });
    await probe.untilBye();
    await waitUntil('the connection ends', () => probe.closed);
    expect(extensionsOf(probe.packets).at(-1)?.atMs).toBe(START + 39_960);
    const cut = await open(other.url);
    await cut.play({ Range: clock(0) });
    await cut.until(10);
    other.cutLinks();
    await waitUntil('the connection ends', () => cut.closed);
    expect(cut.saidBye).toBe(true);
    await waitUntil('the device is left', () => rude.sockets.size === 0);
    await other.close();
    await rude.close();
  });

  it('tells two viewers apart: each has its own session, place and speed', async () => {
    const [one, two] = [await open(), await open()];
    await one.play({ Range: clock(0, 2), ...atOnce });
    await two.play({ Range: clock(32, 34), ...atOnce });
    await Promise.all([one.untilBye(), two.untilBye()]);
    expect(extensionsOf(one.packets).every(({ atMs }) => atMs <= START + 2_000)).toBe(true);
    expect(extensionsOf(two.packets).every(({ atMs }) => atMs >= START + 30_000)).toBe(true);
    expect(device.sockets.size).toBe(2);
  });

  it('refuses what is out of order with the statuses of RTSP, and goes on', async () => {
    const probe = await open();
    const { session } = probe;
    probe.session = 'other';
    expect((await probe.play()).status).toBe(454);
    expect((await probe.ask('PAUSE', {})).status).toBe(454);
    probe.session = session;
    const udp = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };
    expect((await probe.ask('SETUP', udp, `${pair.url}/trackID=0`)).status).toBe(461);
    expect((await probe.ask('SETUP', { Transport: 'RTP/AVP/TCP' }, `${pair.url}/trackID=7`)).status).toBe(404);
    expect((await probe.ask('PLAY', { Require: 'implicit-play' })).status).toBe(551);
    expect((await probe.ask('GET_PARAMETER', {})).status).toBe(200);
    expect((await probe.play({ Range: clock(0, 1), ...atOnce })).status).toBe(200);
    await probe.untilBye();
    const again = { Transport: 'RTP/AVP/TCP;interleaved=2-3' };
    expect((await probe.ask('SETUP', again, `${pair.url}/trackID=0`)).status).toBe(455);
    expect((await probe.play({ Range: clock(1, 2), ...atOnce })).status).toBe(200);
  });

  it('leaves nothing behind after a hundred viewers', async () => {
    for (let round = 0; round < 100; round++) {
      const probe = await ReplayProbe.open(pair.url);
      await probe.setUp();
      await probe.play({ Range: clock(0), ...atOnce });
      if (round % 2 === 0) await probe.until(5);
      probe.close();
    }
    await waitUntil('all is closed', () =>
      Promise.resolve(device.sockets.size + device.runs.size + pair.links.links + pair.server.connections === 0),
    );
  }, 60_000);
});
