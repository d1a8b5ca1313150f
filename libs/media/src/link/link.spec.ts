import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { Hub } from '../hub/hub.js';
import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { writeRtp } from '../rtp/packet.js';
import { FakeSource } from '../../test/fake-source.js';
import { encodeFrame, frameFlag, frameType, LinkDecoder, type LinkFrame } from './frame.js';
import { encodeMessage } from './link-message.js';
import { LinkServer, type Authorise, type LinkServerOptions } from './link-server.js';
import { LinkSource } from './link-source.js';

describe('the redirector link', () => {
  let listener: Server;
  let links: LinkServer;
  let hub: Hub;
  let source: FakeSource;
  let reasons: MediaError[];
  const sockets: Socket[] = [];

  async function start(
    options: Partial<LinkServerOptions> = {},
    authorise: Authorise = () => Promise.resolve({ hub }),
  ): Promise<void> {
    source = new FakeSource({ tracks: 2, everyMs: 0 });
    hub = new Hub(source);
    reasons = [];
    links = new LinkServer(authorise, options);
    listener = createServer(
      { noDelay: true },
      (socket) => void links.handle(socket).then((reason) => reasons.push(reason)),
    );
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  }

  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    links.close();
    await hub.close();
    listener.close();
  });

  async function dial(): Promise<Socket> {
    const socket = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  const request = { path: '/cam', siteTicket: 't', usage: 'live' };

  /** A hand-driven receiver: collects frames and acknowledges only when told. */
  async function receive(): Promise<{ socket: Socket; frames: LinkFrame[] }> {
    const socket = await dial();
    const frames: LinkFrame[] = [];
    const decoder = new LinkDecoder();
    socket.on('data', (chunk: Buffer) => frames.push(...decoder.push(chunk)));
    socket.write(encodeMessage(frameType.OPEN, { v: 1, ...request }));
    return { socket, frames };
  }

  const media = (frames: LinkFrame[]): LinkFrame[] => frames.filter((frame) => frame.type === frameType.MEDIA);

  it('carries description, units and reports', async () => {
    await start();
    const units: AccessUnit[] = [];
    const reports: number[] = [];
    const link = new LinkSource(async () => ({ socket: await dial(), request }));
    const listen = {
      unit: (unit: AccessUnit): void => void units.push(unit),
      report: (report: { timestamp: number }): void => void reports.push(report.timestamp),
      ended: (): void => undefined,
    };
    const open = await link.open(listen, new AbortController().signal);
    expect(open.description.tracks.map((track) => track.codec)).toEqual(['H264', 'PCMU']);
    expect(open.description.tracks[0].parameterSets).toHaveLength(2);
    await poll(() => hub.stats.outlets === 1);
    source.send(true);
    source.listener!.report({ track: 0, ntp: 1n << 40n, timestamp: 4711 });
    source.send(false);
    await poll(() => units.length === 2 && reports.length === 1);
    expect(units.map((unit) => unit.key)).toEqual([true, false]);
    expect(reports).toEqual([4711]);
    await open.close();
    await poll(() => reasons.length === 1);
    expect(hub.stats.outlets).toBe(0);
  });

  it.each([
    [
      'a refused ticket',
      () => Promise.resolve({ refuse: { code: 'ticket-expired', detail: 'Too late' } }),
      'ticket-expired',
    ],
    ['a check that fails', () => Promise.reject(new MediaError('camera-unreachable', 'x')), 'camera-unreachable'],
  ] as [string, Authorise, string][])('tells the code of %s', async (_title, authorise, code) => {
    await start({}, authorise);
    const link = new LinkSource(async () => ({ socket: await dial(), request }));
    const listen = { unit: (): void => undefined, report: (): void => undefined, ended: (): void => undefined };
    const opening = link.open(listen, new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: 'link-refused', remoteCode: code });
  });

  it('stops a receiver that does not acknowledge and goes on with a marked keyframe once it does', async () => {
    await start({ maxAckAgeMs: 30 });
    const { socket, frames } = await receive();
    await poll(() => hub.stats.outlets === 1);
    source.send(true);
    await poll(() => media(frames).length === 1);
    await pause(40);
    source.send(false);
    source.send(true);
    socket.write(encodeFrame({ type: frameType.ACK, frameSeq: 1 }));
    await poll(() => {
      source.send(true);
      return media(frames).length > 1;
    });
    const [first, second] = media(frames);
    expect([first.frameSeq, second.frameSeq]).toEqual([1, 2]);
    expect([first.flags & 3, second.flags & 3]).toEqual([1, 3]);
  });

  it('marks the first unit of every track behind a drop, so that sound has no gap either', async () => {
    await start({ maxAckAgeMs: 30 });
    const { socket, frames } = await receive();
    await poll(() => hub.stats.outlets === 1);
    const sound = (sequence: number): void => {
      const packets = [
        writeRtp({ marker: false, payloadType: 0, sequence, timestamp: sequence, ssrc: 9 }, Buffer.of(1)),
      ];
      const unit = { track: 1, key: true, discontinuity: false, timestamp: sequence, captureUs: sequence, packets };
      source.listener!.unit({ ...unit, bytes: 13 });
    };
    source.send(true);
    sound(1);
    await poll(() => media(frames).length === 2);
    await pause(90);
    sound(2);
    socket.write(encodeFrame({ type: frameType.ACK, frameSeq: 2 }));
    await poll(() => {
      source.send(true);
      return media(frames).length > 2;
    });
    sound(3);
    sound(4);
    await poll(() => media(frames).filter(({ track }) => track === 1).length === 3);
    const marks = media(frames).filter(({ track }) => track === 1);
    expect(marks.map(({ flags }) => (flags & frameFlag.DISCONTINUITY) !== 0)).toEqual([false, true, false]);
  });

  it('keeps sending sound while the picture is left out', async () => {
    await start({ maxAckAgeMs: 100 });
    const { frames } = await receive();
    await poll(() => hub.stats.outlets === 1);
    source.send(true);
    await poll(() => media(frames).length === 1);
    await pause(110);
    for (let unit = 0; unit < 5; unit++) {
      source.send(false);
      source.sendSound();
    }
    await poll(() => media(frames).length === 6);
    expect(media(frames).map(({ track }) => track)).toEqual([0, 1, 1, 1, 1, 1]);
  });

  it('repeats its state, tells the camera’s trouble and cuts a receiver that never acknowledges', async () => {
    await start({ heartbeatMs: 5, stalledMs: 80, maxAckAgeMs: 10 });
    const { socket, frames } = await receive();
    await poll(() => frames.filter((frame) => frame.type === frameType.STATE).length > 3);
    source.failWith = new MediaError('camera-unreachable', 'gone');
    source.drop();
    const texts = (): string[] =>
      frames.filter((frame) => frame.type === frameType.STATE).map((frame) => frame.payload.toString());
    await poll(() => texts().some((text) => text.includes('"reconnecting"') && text.includes('camera-closed')));
    source.failWith = undefined;
    await poll(() => hub.state === 'up');
    source.send(true);
    await once(socket, 'close');
    expect(reasons.map((reason) => reason.code)).toEqual(['viewer-stalled']);
  });

  it.each([
    ['playback control', encodeFrame({ type: frameType.CONTROL }), 'not-implemented'],
    ['a length out of range', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'link-too-large'],
  ])('answers %s with a code and ends', async (_title, bytes, code) => {
    await start();
    const { socket, frames } = await receive();
    await poll(() => frames.some((frame) => frame.type === frameType.OPENED));
    socket.write(bytes);
    await poll(() => frames.some((frame) => frame.type === frameType.ERROR));
    expect(JSON.parse(frames.find((frame) => frame.type === frameType.ERROR)!.payload.toString())).toMatchObject({
      code,
    });
  });

  it.each([
    ['a first frame that is not OPEN', encodeFrame({ type: frameType.ACK }), 'link-malformed'],
    ['another version', encodeFrame({ type: frameType.OPEN }, Buffer.from('{"v":2}')), 'link-version-unsupported'],
    ['text that is no JSON', encodeFrame({ type: frameType.OPEN }, Buffer.from('{')), 'link-malformed'],
    [
      'a ticket that is no text',
      encodeFrame({ type: frameType.OPEN }, Buffer.from('{"v":1,"path":"/","usage":"live","siteTicket":5}')),
      'link-malformed',
    ],
    ['null', encodeFrame({ type: frameType.OPEN }, Buffer.from('null')), 'link-malformed'],
  ])('refuses %s', async (_title, bytes, code) => {
    await start();
    const socket = await dial();
    socket.on('data', () => undefined);
    socket.write(bytes);
    await poll(() => reasons.length === 1);
    expect(reasons[0].remoteCode ?? reasons[0].code).toBe(code);
    expect(hub.stats.opened).toBe(0);
  });

  it('waits for OPEN only so long, and takes only so many links', async () => {
    await start({ openTimeoutMs: 20, maxLinks: 1 });
    const first = await dial();
    await dial();
    await poll(() => reasons.length === 2);
    expect(reasons.map((reason) => reason.remoteCode ?? reason.code)).toEqual(['link-too-many', 'link-timeout']);
    first.destroy();
  });

  it('ends the source when nothing comes any more', async () => {
    await start({ heartbeatMs: 10_000 });
    const ended: string[] = [];
    const link = new LinkSource(async () => ({ socket: await dial(), request }), { silenceMs: 40 });
    const listen = {
      unit: (): void => undefined,
      report: (): void => undefined,
      ended: (error: MediaError): void => void ended.push(error.code),
    };
    await link.open(listen, new AbortController().signal);
    await poll(() => ended.length === 1);
    expect(ended).toEqual(['link-timeout']);
  });
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function poll(done: () => boolean): Promise<void> {
  while (!done()) await pause(5);
}
