import { heldBytes } from '../test/held-bytes.js';
import { HostileScene, type SceneOptions } from '../test/hostile-scene.js';
import { CODE_X } from '../test/raw-peer.js';
import { until } from '../test/session-pair.js';
import type { Channel, Role } from './index.js';
import { FRAME } from './frame.js';

const KIB = 1_024;
const MIB = KIB * KIB;
const WINDOW = 64 * KIB;
const ENDLESS = Number.MAX_SAFE_INTEGER;

/** For a machine that does other things too. */
jest.setTimeout(30_000);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each<[Role, boolean]>([
  ['broker', false],
  ['broker', true],
  ['agent', false],
  ['agent', true],
])('the %s (resumable: %s) whose peer', (role, resumable) => {
  const scenes: HostileScene[] = [];
  const open = async (options: Partial<SceneOptions> = {}): Promise<HostileScene> => {
    const scene = await HostileScene.open({ role, resumable, ...options });
    scenes.push(scene);
    return scene;
  };
  /** What the process holds more after the attack, the peer's own memory of it let go. */
  const grown = async (scene: HostileScene, attack: () => Promise<void>): Promise<number> => {
    await scene.heard();
    const before = heldBytes();
    scene.peer.keep = false;
    await attack();
    scene.peer.keep = true;
    await scene.heard();
    scene.peer.frames.length = 0;
    return heldBytes() - before;
  };

  afterEach(() => {
    for (const scene of scenes.splice(0)) scene.close();
  });

  it('sends without credit is cut off with credit-violation, and no more than the window was held', async () => {
    const { session, peer, budget, accepted, reasons, ...scene } = await open();
    const id = role === 'broker' ? 2 : 1;
    peer.open(id, 0);
    for (let at = 0; at < 4 * WINDOW; at += 16 * KIB) peer.send(FRAME.DATA, id, at, Buffer.alloc(16 * KIB));
    await until(() => reasons.length === 1);
    expect([reasons[0]?.code, accepted[0]?.bytesReceived]).toEqual(['credit-violation', WINDOW]);
    expect([session.channelCount, budget.reservedBytes, scene.faults]).toEqual([0, 0, []]);
  });

  it('opens channels without end has as many as it may, inside the budget', async () => {
    const scene = await open({ config: { maxChannels: 16, budgetBytes: 12 * WINDOW } });
    const grownBytes = await grown(scene, async () => {
      for (let n = 0; n < 8_000; n += 1) {
        scene.peer.open(scene.id(n), 0);
        if (n % 100 === 0) await turn();
      }
    });
    expect([scene.reasons, scene.session.channelCount]).toEqual([[], 12]);
    expect(scene.budget.reservedBytes).toBe(12 * WINDOW);
    expect(scene.peer.count(FRAME.REFUSE)).toBe(8_000 - 12);
    expect(grownBytes).toBeLessThan(MIB);
  });

  it('opens channels and never reads keeps one buffer of each writer and one backlog of the line waiting', async () => {
    const channels: Channel[] = [];
    const config = { sendBufferBytes: 32 * KIB, laneBacklogBytes: 64 * KIB };
    const scene = await open({ config, onOpen: (request) => channels.push(request.accept()) });
    scene.peer.transport.pause();
    for (let n = 0; n < 8; n += 1) scene.peer.open(scene.id(n), ENDLESS);
    await until(() => channels.length === 8);
    for (const channel of channels) while (channel.write(Buffer.alloc(8 * KIB)));
    for (let turns = 0; turns < 50; turns += 1) await turn();
    const queued = channels.reduce((sum, { out }) => sum + out.queuedBytes, 0);
    expect(queued).toBeLessThanOrEqual(8 * 40 * KIB);
    expect(scene.transport.writableLength).toBeLessThanOrEqual((64 + 64 + 1) * KIB);
    expect(scene.reasons).toEqual([]);
  });

  it('never reads has a writer that ignores backpressure reset at its cap', async () => {
    const channels: Channel[] = [];
    const config = { sendBufferLimitBytes: MIB };
    const scene = await open({ config, onOpen: (request) => channels.push(request.accept()) });
    scene.peer.transport.pause();
    scene.peer.open(scene.id(0), 0);
    await until(() => channels.length === 1);
    for (let count = 0; count < 100; count += 1) channels[0]?.write(Buffer.alloc(64 * KIB));
    expect((await channels[0]?.closed)?.code).toBe('send-overflow');
    expect(channels[0]?.out.queuedBytes).toBe(0);
  });

  it('asks and never reads is cut off with control-overflow', async () => {
    const scene = await open({ config: { controlQueueBytes: 20_000, laneBacklogBytes: 1_000 } });
    scene.peer.transport.pause();
    for (let n = 0; n < 100_000 && scene.reasons.length === 0; n += 1) {
      scene.peer.open(scene.id(n), 0);
      if (n % 256 === 0) await turn();
    }
    await until(() => scene.reasons.length === 1);
    expect(scene.code).toBe('control-overflow');
    expect(scene.transport.writableLength).toBeLessThan(256 * KIB);
  });

  it('floods PING gets answers, one at a time, and nothing piles up', async () => {
    const scene = await open();
    const grownBytes = await grown(scene, async () => {
      for (let n = 0; n < 20_000; n += 1) {
        scene.peer.send(FRAME.PING, 0, n);
        if (n % 500 === 0) await turn();
      }
    });
    expect([scene.reasons, scene.peer.count(FRAME.PONG) <= 20_001]).toEqual([[], true]);
    expect(grownBytes).toBeLessThan(MIB);
  });

  it('floods OPEN with RESET holds no more than it could with open channels', async () => {
    const scene = await open({ config: { maxChannels: 64 }, onOpen: (request) => void request.accept() });
    const grownBytes = await grown(scene, async () => {
      for (let n = 0; n < 2_000; n += 1) {
        scene.peer.open(scene.id(n), 0);
        scene.peer.send(FRAME.RESET, scene.id(n), 0, CODE_X);
        if (n % 50 === 0) await turn();
      }
    });
    expect([scene.reasons, scene.budget.reservedBytes]).toEqual([[], 0]);
    // Where ends are acknowledged, 64 of them may wait for it.
    expect(scene.session.channelCount).toBe(resumable ? 64 : 0);
    expect(grownBytes).toBeLessThan(2 * MIB);
  });

  it('repeats RESET and STOP of channels that are over changes nothing', async () => {
    const scene = await open();
    scene.peer.open(scene.id(0), 0);
    const grownBytes = await grown(scene, async () => {
      for (let n = 0; n < 8_000; n += 1) {
        scene.peer.send(n % 2 === 0 ? FRAME.STOP : FRAME.RESET, scene.id(0), 0, CODE_X);
        if (n % 500 === 0) await turn();
      }
    });
    expect([scene.reasons, scene.budget.reservedBytes]).toEqual([[], 0]);
    expect(scene.peer.count(FRAME.RESET)).toBe(1);
    expect(grownBytes).toBeLessThan(MIB);
  });

  it('takes its channels back by RESET and by REFUSE has each counted once', async () => {
    const scene = await open({ config: { maxChannels: 4 } });
    for (let n = 0; n < 4; n += 1) {
      scene.peer.open(scene.id(n), 0);
      scene.peer.send(FRAME.RESET, scene.id(n), 0, CODE_X);
      scene.peer.send(FRAME.REFUSE, scene.id(n), 0, CODE_X);
    }
    for (let n = 4; n < 20; n += 1) scene.peer.open(scene.id(n), 0);
    await scene.heard();
    expect([scene.reasons, scene.session.channelCount]).toEqual([[], 4]);
  });

  it('sends HELLO or WELCOME again is cut off with unexpected-frame', async () => {
    const scene = await open();
    for (let count = 0; count < 100; count += 1) scene.greet();
    await until(() => scene.reasons.length === 1);
    expect(scene.code).toBe('unexpected-frame');
  });

  it('never answers PING stays while it sends anything, with one PING outstanding', async () => {
    const scene = await open({ config: { pingIntervalMs: 5, deadAfterMs: 60 } });
    scene.peer.open(scene.id(0), 0);
    const from = performance.now();
    while (performance.now() - from < 200) {
      scene.peer.send(FRAME.MAX_DATA, scene.id(0), 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([scene.reasons, scene.session.suspended, scene.peer.count(FRAME.PING)]).toEqual([[], false, 1]);
  });
});

describe('half handshakes', () => {
  it.each<[Role]>([['broker'], ['agent']])(
    'at the %s end in time, and hold 4 KiB each at most until then',
    async (role) => {
      const before = heldBytes();
      const options = { role, resumable: true, config: { handshakeTimeoutMs: 300 } };
      const scenes = Array.from({ length: 200 }, () => new HostileScene(options));
      for (const { peer } of scenes) peer.transport.write(Buffer.from('01000000000000000000000000000000100000', 'hex'));
      await turn();
      expect((heldBytes() - before) / scenes.length).toBeLessThan(64 * KIB);
      await until(() => scenes.every(({ reasons }) => reasons.length === 1));
      expect(new Set(scenes.map(({ code }) => code))).toEqual(new Set(['handshake-timeout']));
      for (const scene of scenes) scene.close();
    },
  );
});
