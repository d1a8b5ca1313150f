import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { heldBytes } from '../test/held-bytes.js';
import { HostileScene, type SceneOptions } from '../test/hostile-scene.js';
import { RawPeer } from '../test/raw-peer.js';
import { until } from '../test/session-pair.js';
import type { Role } from './index.js';
import { FRAME } from './frame.js';
import { CHANNEL_STATE, encodeTable, type TableEntry } from './resume-table.js';

const KIB = 1_024;
const MIB = KIB * KIB;
const WINDOW = 64 * KIB;

/** For a machine that does other things too. */
jest.setTimeout(30_000);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each<[Role]>([['broker'], ['agent']])('the resumable %s whose peer', (role) => {
  const scenes: HostileScene[] = [];
  const open = async (options: Partial<SceneOptions> = {}): Promise<HostileScene> => {
    const scene = await HostileScene.open({ role, resumable: true, ...options });
    scenes.push(scene);
    return scene;
  };
  const tableOf = (ids: readonly number[], answerWanted: boolean): Buffer => {
    const entries = new Map<number, TableEntry>(
      ids.map((id) => [id, { id, state: CHANNEL_STATE.open, receivedOffset: 0, maxData: 0 }]),
    );
    const [part] = encodeTable({ lastPeerId: 0, lastOwnId: 0, answerWanted, entries });
    return part?.payload ?? Buffer.alloc(0);
  };

  afterEach(() => {
    for (const scene of scenes.splice(0)) scene.close();
  });

  it('sends crumbs out of order with gaps is cut off with credit-violation before they cost more than the window', async () => {
    const scene = await open();
    scene.peer.open(scene.id(0), 0);
    await scene.heard();
    const before = heldBytes();
    for (let at = 1; at < WINDOW; at += 2) {
      scene.peer.send(FRAME.DATA, scene.id(0), at, Buffer.alloc(1));
      if (at % 32 === 1) expect(heldBytes() - before).toBeLessThan(WINDOW + 512 * KIB);
      await turn();
      if (scene.reasons.length > 0) break;
    }
    await until(() => scene.reasons.length === 1);
    expect(scene.code).toBe('credit-violation');
  });

  it('asks for the table again and again is answered, and costs nothing that stays', async () => {
    const scene = await open();
    for (let n = 0; n < 10; n += 1) scene.peer.open(scene.id(n), 0);
    await scene.heard();
    const before = heldBytes();
    scene.peer.keep = false;
    const ids = Array.from({ length: 10 }, (_, n) => scene.id(n));
    for (let count = 0; count < 1_000; count += 1) {
      scene.peer.send(FRAME.RESUME_TABLE, 0, 3, tableOf(ids, true));
      if (count % 20 === 0) await turn();
    }
    scene.peer.keep = true;
    await scene.heard();
    expect([scene.reasons, scene.session.channelCount]).toEqual([[], 10]);
    expect(scene.peer.count(FRAME.RESUME_TABLE)).toBe(1_000);
    expect(heldBytes() - before).toBeLessThan(MIB);
  });

  it('asks for tables and never reads is cut off with control-overflow', async () => {
    const scene = await open({ config: { controlQueueBytes: 20_000, laneBacklogBytes: 1_000 } });
    scene.peer.transport.pause();
    for (let count = 0; count < 100_000 && scene.reasons.length === 0; count += 1) {
      scene.peer.send(FRAME.RESUME_TABLE, 0, 3, tableOf([], true));
      if (count % 256 === 0) await turn();
    }
    await until(() => scene.reasons.length === 1);
    expect(scene.code).toBe('control-overflow');
  });

  it('never ends its table, and announced that it may have channels without end, is cut off with bad-field', async () => {
    const config = { maxChannels: 100, budgetBytes: 100 * WINDOW };
    const scene = await open({ config, peerMaxChannels: 0xffff_ffff });
    const before = heldBytes();
    for (let first = 1; first < 100_000 && scene.reasons.length === 0; first += 100) {
      const ids = Array.from({ length: 100 }, (_, index) => first + index);
      scene.peer.send(FRAME.RESUME_TABLE, 0, 0, tableOf(ids, false));
      await turn();
    }
    await until(() => scene.reasons.length === 1);
    expect(scene.code).toBe('bad-field');
    expect(heldBytes() - before).toBeLessThan(MIB);
  });

  it('forgets a channel that waits for our application: the request is over, and counts once', async () => {
    const signals: AbortSignal[] = [];
    const onOpen: SceneOptions['onOpen'] = ({ signal }) => signals.push(signal);
    const scene = await open({ config: { maxChannels: 2, acceptTimeoutMs: 20 }, onOpen });
    for (let n = 0; n < 2; n += 1) scene.peer.open(scene.id(n), 0);
    await until(() => signals.length === 2);
    const empty = encodeTable({ lastPeerId: 0, lastOwnId: scene.id(1), answerWanted: false, entries: new Map() });
    scene.peer.send(FRAME.RESUME_TABLE, 0, 1, empty[0]?.payload);
    await scene.heard();
    expect(signals.map(({ reason }) => String(reason))).toEqual(['session-lost', 'session-lost']);
    expect(scene.budget.reservedBytes).toBe(0);
    // What would have timed out refuses nothing any more.
    for (let n = 2; n < 6; n += 1) scene.peer.open(scene.id(n), 0);
    await until(() => scene.peer.count(FRAME.REFUSE) === 4);
    expect(signals.length).toBe(4);
  });

  it('takes lanes back and joins again without end costs nothing that stays', async () => {
    const scene = await open();
    const before = heldBytes();
    for (let count = 0; count < 40; count += 1) {
      const lane = await scene.further('lane');
      await until(() => scene.session.laneCount === 2);
      lane.transport.destroy();
      await until(() => scene.session.laneCount === 1);
    }
    await scene.heard();
    expect(scene.reasons).toEqual([]);
    expect(heldBytes() - before).toBeLessThan(MIB);
  });
});

describe("a session that is not the peer's to join", () => {
  it('refuses wrong proofs without end, each one, and does not notice', async () => {
    const scene = await HostileScene.open({ role: 'broker', resumable: true });
    const before = heldBytes();
    for (let count = 0; count < 80; count += 1) {
      const intruder = await scene.further(count % 2 === 0 ? 'lane' : 'resume', randomBytes(32).toString('base64url'));
      expect(intruder.closeCode).toBe('resume-refused');
      intruder.transport.destroy();
    }
    await scene.heard();
    expect([scene.reasons, scene.session.laneCount, scene.session.stats.lanesLost]).toEqual([[], 1, 0]);
    expect(heldBytes() - before).toBeLessThan(MIB);
    scene.close();
  });

  it('is left alone by an agent whose broker answers for another one, again and again', async () => {
    const scene = await HostileScene.open({ role: 'agent', resumable: true });
    for (let count = 0; count < 40; count += 1) {
      const [near, far] = duplexPair();
      const joined = scene.session.attach({ transport: far, exporter: randomBytes(32), as: 'lane' });
      new RawPeer(near).welcome({ features: 7, sessionId: 's-2' });
      await expect(joined).rejects.toMatchObject({ code: 'bad-field' });
    }
    await scene.heard();
    expect([scene.reasons, scene.session.laneCount]).toEqual([[], 1]);
    scene.close();
  });
});
