import { duplexPair } from 'node:stream';
import { RawPeer } from '../test/raw-peer.js';
import { until } from '../test/session-pair.js';
import type { Channel, CloseReason, SessionConfig } from './index.js';
import { encodeFields } from './fields.js';
import { CODE_FIELDS, FLAG_OPTIONAL, FRAME, GOAWAY_FIELDS } from './frame.js';
import { Session } from './session.js';

interface Scene {
  readonly peer: RawPeer;
  readonly session: Session;
  readonly channels: Channel[];
  readonly reasons: CloseReason[];
}

/** A real broker session against a hand-driven agent, before HELLO. */
function scene(config: Partial<SessionConfig> = {}): Scene {
  const [near, far] = duplexPair();
  const channels: Channel[] = [];
  const reasons: CloseReason[] = [];
  const session = new Session({
    role: 'broker',
    transport: far,
    admit: () => Promise.resolve({ sessionId: 's' }),
    onOpen: (request) => channels.push(request.accept()),
    config: { windowBytes: 65_536, closeLingerMs: 10, ...config },
  });
  session.on('close', (reason) => reasons.push(reason));
  session.start().catch(() => undefined);
  return { peer: new RawPeer(near), session, channels, reasons };
}

async function welcomed(config?: Partial<SessionConfig>): Promise<Scene> {
  const made = scene(config);
  made.peer.hello();
  await until(() => made.peer.of(FRAME.WELCOME).length === 1);
  return made;
}

const CODE = encodeFields(CODE_FIELDS, { code: 'x' });
const BYTES = Buffer.alloc(10);

describe('before WELCOME the broker', () => {
  it.each<[string, (peer: RawPeer) => void]>([
    ['unexpected-frame', (peer) => peer.send(FRAME.PING, 0, 1)],
    ['unexpected-frame', (peer) => peer.send(FRAME.DATA, 1, 0, BYTES)],
    ['bad-field', (peer) => peer.send(FRAME.HELLO, 0, 0, BYTES)],
    ['frame-too-large', (peer) => peer.send(FRAME.HELLO, 0, 0, Buffer.alloc(5_000))],
    ['version-mismatch', (peer) => peer.hello({ minVersion: 2, maxVersion: 3 })],
    ['not-implemented', (peer) => peer.hello({ lane: 1 })],
    ['not-implemented', (peer) => peer.hello({ resumeSessionId: 's-0', resumeProof: 'AA' })],
    ['bad-field', (peer) => peer.hello({ maxDataBytes: 100 })],
    ['unknown-frame', (peer) => peer.send(0x44, 0, 0)],
  ])('answers with %s and ends: case %#', async (code, act) => {
    const { peer, reasons } = scene();
    act(peer);
    await until(() => reasons.length === 1 && peer.closeCode !== undefined);
    expect([peer.closeCode, reasons[0]?.code, reasons[0]?.by]).toEqual([code, code, 'local']);
    expect(peer.of(FRAME.WELCOME)).toEqual([]);
  });

  it('skips what a later version may add', async () => {
    const { peer, session } = scene();
    peer.send(0x44, 0, 0, BYTES, FLAG_OPTIONAL);
    peer.hello();
    await until(() => session.state === 'open');
    session.close();
  });
});

describe('after WELCOME a session ends', () => {
  it.each<[string, string, (peer: RawPeer) => void]>([
    ['unexpected-frame', 'a second HELLO', (peer) => peer.hello()],
    ['unexpected-frame', 'an ACCEPT from the opener', (peer) => peer.send(FRAME.ACCEPT, 2, 0)],
    ['unexpected-frame', 'a REFUSE from the opener', (peer) => peer.send(FRAME.REFUSE, 2, 0, CODE)],
    ['bad-channel-id', 'an id that was never opened', (peer) => peer.send(FRAME.DATA, 8, 0, BYTES)],
    ['bad-channel-id', 'an id of the broker that was never opened', (peer) => peer.send(FRAME.FIN, 1, 0)],
    ['bad-channel-id', 'channel 0 for a channel frame', (peer) => peer.send(FRAME.DATA, 0, 0, BYTES)],
    ['bad-channel-id', 'a channel in a session frame', (peer) => peer.send(FRAME.PING, 2, 0)],
    ['bad-channel-id', 'an OPEN of the wrong parity', (peer) => peer.open(3, 0)],
    ['bad-channel-id', 'an OPEN whose id does not rise', (peer) => peer.open(2, 0)],
    ['bad-offset', 'a gap', (peer) => peer.send(FRAME.DATA, 2, 5, BYTES)],
    ['bad-offset', 'a FIN beyond what was sent', (peer) => peer.send(FRAME.FIN, 2, 7)],
    ['unknown-frame', 'an unknown type', (peer) => peer.send(0x44, 2, 0)],
    ['unexpected-frame', 'an ACK where nothing is resumable', (peer) => peer.send(FRAME.ACK, 2, 0)],
    ['unexpected-frame', 'a table where nothing is resumable', (peer) => peer.send(FRAME.RESUME_TABLE, 0, 1)],
    ['bad-flags', 'an unknown flag', (peer) => peer.send(FRAME.FIN, 2, 0, undefined, 0x40)],
    ['bad-field', 'a RESET without a code', (peer) => peer.send(FRAME.RESET, 2, 0)],
  ])('with %s on %s', async (code, _, act) => {
    const { peer, reasons, channels } = await welcomed();
    peer.open(2, 0);
    await until(() => channels.length === 1);
    act(peer);
    await until(() => reasons.length === 1 && peer.closeCode !== undefined);
    expect([peer.closeCode, reasons[0]?.code]).toEqual([code, code]);
  });

  it('with credit-violation on the first byte beyond the window', async () => {
    const { peer, reasons, channels } = await welcomed();
    peer.open(2, 0);
    peer.send(FRAME.DATA, 2, 0, Buffer.alloc(65_536));
    await until(() => channels[0]?.bytesReceived === 65_536);
    expect(reasons).toEqual([]);
    peer.send(FRAME.DATA, 2, 65_536, Buffer.alloc(1));
    await until(() => reasons.length === 1);
    expect(reasons[0]?.code).toBe('credit-violation');
  });

  it.each([
    ['DATA after FIN', FRAME.DATA, 10, BYTES],
    ['a second, different FIN', FRAME.FIN, 12, undefined],
    ['a RESET that contradicts the FIN', FRAME.RESET, 9, CODE],
  ])('with beyond-final-offset on %s', async (_, type, offset, payload) => {
    const { peer, reasons } = await welcomed();
    peer.open(2, 0);
    peer.send(FRAME.DATA, 2, 0, BYTES);
    peer.send(FRAME.FIN, 2, 10);
    peer.send(type, 2, offset, payload);
    await until(() => reasons.length === 1);
    expect(reasons[0]?.code).toBe('beyond-final-offset');
  });

  it('with control-overflow when the peer asks and never reads', async () => {
    const [near, far] = duplexPair();
    const session = new Session({
      role: 'broker',
      transport: far,
      admit: () => Promise.resolve({ sessionId: 's' }),
      config: { controlQueueBytes: 10_000, laneBacklogBytes: 1_000, closeLingerMs: 10 },
    });
    const closed = new Promise<CloseReason>((resolve) => session.on('close', resolve));
    const peer = new RawPeer(near);
    peer.hello();
    await session.start();
    near.pause();
    for (let id = 2; id < 100_000 && session.state === 'open'; id += 2) {
      peer.open(id, 0);
      if (id % 512 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await closed).code).toBe('control-overflow');
  });
});

describe('after WELCOME a session goes on', () => {
  it('when frames for an ended channel arrive late', async () => {
    const { peer, session, channels, reasons } = await welcomed();
    peer.open(2, 0);
    await until(() => channels.length === 1);
    channels[0]?.reset('dropped');
    await until(() => peer.of(FRAME.STOP).length === 1);
    peer.send(FRAME.DATA, 2, 0, BYTES);
    peer.send(FRAME.RESET, 2, 10, CODE);
    await until(() => session.channelCount === 0);
    for (const type of [FRAME.DATA, FRAME.FIN, FRAME.MAX_DATA, FRAME.ACCEPT]) peer.send(type, 2, 99);
    for (const type of [FRAME.STOP, FRAME.RESET, FRAME.REFUSE]) peer.send(type, 2, 0, CODE);
    peer.send(FRAME.PING, 0, 77);
    await until(() => peer.of(FRAME.PONG).some((frame) => frame.offset === 77));
    expect(reasons).toEqual([]);
    session.close();
  });

  it('when credit is repeated, and sends no byte beyond it', async () => {
    const { peer, session, channels } = await welcomed();
    peer.open(2, 5);
    await until(() => channels.length === 1);
    channels[0]?.write(Buffer.from('0123456789'));
    await until(() => peer.of(FRAME.DATA).length === 1);
    peer.send(FRAME.MAX_DATA, 2, 8);
    peer.send(FRAME.MAX_DATA, 2, 3);
    await until(() => peer.of(FRAME.DATA).length === 2);
    peer.send(FRAME.MAX_DATA, 2, 8);
    peer.send(FRAME.PING, 0, 5);
    await until(() => peer.of(FRAME.PONG).some((frame) => frame.offset === 5));
    expect(peer.of(FRAME.DATA).map((frame) => [frame.offset, frame.payload.toString()])).toEqual([
      [0, '01234'],
      [5, '567'],
    ]);
    session.close();
  });

  it('and returns credit on consumption, not on arrival', async () => {
    const { peer, session, channels } = await welcomed();
    peer.open(2, 0);
    await until(() => channels.length === 1);
    peer.send(FRAME.DATA, 2, 0, Buffer.alloc(65_536));
    peer.send(FRAME.PING, 0, 9);
    await until(() => peer.of(FRAME.PONG).some((frame) => frame.offset === 9));
    expect(peer.of(FRAME.MAX_DATA)).toEqual([]);
    channels[0]?.consume(40_000);
    await until(() => peer.of(FRAME.MAX_DATA).length === 1);
    expect(peer.of(FRAME.MAX_DATA)[0]?.offset).toBeGreaterThanOrEqual(105_536);
    session.close();
  });

  it('when DATA of the acceptor comes before its ACCEPT', async () => {
    const { peer, session } = await welcomed();
    const opening = session.open({ service: 'x', class: 'live' });
    await until(() => peer.of(FRAME.OPEN).length === 1);
    peer.send(FRAME.DATA, 1, 0, Buffer.from('banner'));
    const channel = await opening;
    const got = new Promise<string>((resolve) => {
      channel.onData = (chunk) => resolve(chunk.toString());
    });
    expect(await got).toBe('banner');
    session.close();
  });

  it('when the peer drains: opens it did not handle may be repeated elsewhere', async () => {
    const { peer, session } = await welcomed();
    const opening = session.open({ service: 'x', class: 'live' });
    const fields = { reason: 'deploy', lastAcceptedId: 0, drainDeadlineMs: 1_000, reconnectAfterMs: 20 };
    const told = new Promise((resolve) => session.on('goaway', resolve));
    peer.send(FRAME.GOAWAY, 0, 0, encodeFields(GOAWAY_FIELDS, fields));
    await expect(opening).rejects.toMatchObject({ code: 'draining', retryable: true });
    expect(await told).toEqual(fields);
    await expect(session.open({ service: 'x', class: 'live' })).rejects.toMatchObject({ code: 'draining' });
    session.close();
  });
});

describe('a hostile peer', () => {
  it('never crashes a session: 300 streams of wrong frames end with a code or not at all', async () => {
    const codes = new Set<string>();
    let state = 0x1234_5678;
    const random = (below: number): number => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9;
      return (state >>> 0) % below;
    };
    const types = Object.values(FRAME).filter((type) => type !== FRAME.CLOSE);
    const wild = (peer: RawPeer): void => {
      const payload = random(2) === 0 ? CODE : Buffer.alloc(random(40), random(256));
      peer.send(types[random(types.length)] ?? 0, random(8), 10 * random(3), payload);
    };
    for (let round = 0; round < 300; round += 1) {
      const { peer, session, reasons } = await welcomed();
      for (let id = 2; id <= 20; id += 2) {
        peer.open(id, random(100_000));
        const earlier = 2 * (1 + random(id / 2));
        const plausible: (() => void)[] = [
          () => peer.send(FRAME.DATA, id, 0, BYTES),
          () => peer.send(FRAME.FIN, id, 0),
          () => peer.send(FRAME.MAX_DATA, earlier, random(100_000)),
          () => peer.send(FRAME.STOP, earlier, 0, CODE),
          () => peer.send(FRAME.RESET, id, 0, CODE),
          () => peer.send(FRAME.DATA, earlier, 10, BYTES),
          () => wild(peer),
        ];
        for (let turn = random(3); turn >= 0; turn -= 1) plausible[random(plausible.length)]?.();
      }
      peer.send(FRAME.PING, 0, 424_242);
      await until(() => reasons.length === 1 || peer.of(FRAME.PONG).some((pong) => pong.offset === 424_242));
      codes.add(reasons[0]?.code ?? 'alive');
      session.close();
      expect(session.state).toBe('closed');
    }
    const known = ['alive', 'bad-channel-id', 'bad-field', 'bad-offset', 'beyond-final-offset', 'unexpected-frame'];
    expect([...codes].toSorted()).toEqual(known);
  });
});

describe('a fault of the application', () => {
  it('ends its channel and is reported, the session goes on', async () => {
    const { peer, session, channels, reasons } = await welcomed();
    const faults: unknown[] = [];
    session.on('fault', (error) => faults.push(error));
    peer.open(2, 0);
    await until(() => channels.length === 1);
    const [channel] = channels;
    if (channel === undefined) throw new Error('no channel');
    channel.onData = () => {
      throw new Error('a bug');
    };
    peer.send(FRAME.DATA, 2, 0, BYTES);
    expect((await channel.closed).code).toBe('internal-error');
    expect([faults.length, reasons.length]).toEqual([1, 0]);
    session.close();
  });
});
