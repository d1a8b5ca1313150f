import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { OpenReplay, ReplayRequest, ReplaySink, ReplaySource } from '../replay/replay-source.js';
import { encodeFrame, frameType, LinkDecoder, type LinkFrame } from './frame.js';
import { LinkServer } from './link-server.js';
import { ReplayLinkSource } from './replay-link-source.js';

const sdp = 'v=0\r\ns=-\r\na=range:npt=0-9\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';
const play = { id: 1, method: 'PLAY', cseq: 1, tracks: [0], headers: {} };
const silent: ReplaySink = { packets: () => undefined, control: () => undefined, ended: () => undefined };
const signal = new AbortController().signal;

/** A recording of which a test keeps the sink. */
class FakeRecording implements ReplaySource {
  sink: ReplaySink = silent;
  readonly requests: ReplayRequest[] = [];
  paused = 0;
  closed = 0;

  open(sink: ReplaySink): Promise<OpenReplay> {
    this.sink = sink;
    return Promise.resolve({
      description: { name: '-', control: '', tracks: [], ranges: ['npt=0-9'] },
      request: (request, answered) => {
        this.requests.push(request);
        answered({ status: 200, reason: 'OK', headers: {}, starts: [] });
        return Promise.resolve();
      },
      pause: () => void this.paused++,
      resume: () => undefined,
      close: () => Promise.resolve(void this.closed++),
    });
  }
}

describe('a replay over the link', () => {
  let server: Server;
  const sockets: Socket[] = [];

  const listen = async (serve: (socket: Socket) => void): Promise<Socket> => {
    server = createServer((socket) => {
      sockets.push(socket);
      serve(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  describe('at the site', () => {
    let recording: FakeRecording;
    let frames: LinkFrame[];
    let socket: Socket;
    const json = (type: number, value: unknown): void =>
      void socket.write(encodeFrame({ type }, Buffer.from(JSON.stringify(value))));

    beforeEach(async () => {
      recording = new FakeRecording();
      frames = [];
      const links = new LinkServer(() => Promise.resolve({ replay: recording }), { replayWindowBytes: 10_000 });
      socket = await listen((accepted) => void links.handle(accepted));
      const decoder = new LinkDecoder();
      socket.on('data', (chunk: Buffer) => frames.push(...decoder.push(chunk)));
      json(frameType.OPEN, { v: 1, path: '/a', siteTicket: 't', usage: 'recording' });
      await until(() => frames.length === 1);
    });

    it('passes known header fields only, and packets whole, one frame for all of one moment', async () => {
      json(frameType.CONTROL, { ...play, headers: { range: 'npt=0-', cookie: 'x', scale: 'y'.repeat(300) } });
      await until(() => frames.length === 2);
      expect(recording.requests[0]).toMatchObject({ method: 'PLAY', headers: { range: 'npt=0-' } });
      expect(Object.keys(recording.requests[0].headers)).toEqual(['range']);
      for (let index = 0; index < 3; index++) recording.sink.packets(0, [Buffer.from([1, 2, index])]);
      recording.sink.control(0, Buffer.from([9]));
      await until(() => frames.length === 4);
      expect(frames[2].payload.toString('hex')).toBe('0003010200' + '0003010201' + '0003010202');
      expect(frames.slice(2).map(({ type, frameSeq }) => [type, frameSeq])).toEqual([
        [frameType.MEDIA, 1],
        [frameType.RTCP, 2],
      ]);
    });

    it('holds the device back at the window, and ends only once everything has arrived', async () => {
      for (let index = 0; index < 12; index++) recording.sink.packets(0, [Buffer.alloc(1000)]);
      await until(() => frames.length === 2);
      expect(recording.paused).toBe(1);
      recording.sink.ended(Object.assign(new Error(), { code: 'camera-closed' }) as never);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(frames).toHaveLength(2);
      socket.write(encodeFrame({ type: frameType.ACK, frameSeq: 1 }));
      await until(() => frames.length === 3);
      expect(JSON.parse(String(frames[2].payload))).toMatchObject({ code: 'camera-closed' });
      await until(() => recording.closed === 1);
    });

    it.each([
      ['no JSON', 'x'],
      ['no object', []],
      ['another method', { ...play, method: 'RECORD' }],
      ['a negative number', { ...play, id: -1 }],
      ['a broken CSeq', { ...play, cseq: 256 }],
      ['too many tracks', { ...play, tracks: Array(17).fill(0) }],
      ['tracks that are none', { ...play, tracks: ['a'] }],
      ['no headers', { ...play, headers: null }],
    ])('refuses a request with %s and lets the device go', async (_title, message) => {
      json(frameType.CONTROL, message);
      await until(() => frames.length === 2);
      expect(JSON.parse(String(frames[1].payload))).toMatchObject({ code: 'link-malformed' });
      await until(() => recording.closed === 1);
    });
  });

  describe('in the cloud', () => {
    const answer = { id: 1, status: 200, reason: 'OK', headers: {}, starts: [] };

    it.each<[string, Partial<LinkFrame> & { type: number }]>([
      ['packets of an unknown track', { type: frameType.MEDIA, track: 1 }],
      ['a packet beyond its frame', { type: frameType.MEDIA, payload: Buffer.from([0, 9, 1]) }],
      [
        'an answer that nobody waits for',
        { type: frameType.CONTROL, payload: Buffer.from(JSON.stringify({ ...answer, id: 7 })) },
      ],
      ['an answer without a status', { type: frameType.CONTROL, payload: Buffer.from(JSON.stringify({ id: 1 })) }],
      [
        'an answer with an odd start',
        { type: frameType.CONTROL, payload: Buffer.from(JSON.stringify({ ...answer, starts: [null] })) },
      ],
    ])('ends a link that sends %s', async (_title, frame) => {
      const socket = await listen((accepted) => {
        accepted.once('data', () => {
          accepted.write(encodeFrame({ type: frameType.OPENED }, Buffer.from(JSON.stringify({ v: 1, sdp }))));
          accepted.once('data', () => accepted.write(encodeFrame(frame)));
        });
      });
      const request = { path: '/a', siteTicket: 't', usage: 'recording' };
      let code = '';
      const sink: ReplaySink = { ...silent, ended: (error) => void (code = error.code) };
      const replay = await new ReplayLinkSource(() => Promise.resolve({ socket, request })).open(sink, signal);
      const asked = replay.request({ method: 'PLAY', cseq: 1, tracks: [0], headers: {} }, () => undefined);
      await expect(asked).rejects.toMatchObject({ code: 'link-malformed' });
      expect(code).toBe('link-malformed');
    });
  });
});

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}
