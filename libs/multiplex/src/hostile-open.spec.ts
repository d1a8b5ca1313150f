import { heldBytes } from '../test/held-bytes.js';
import { HostileScene } from '../test/hostile-scene.js';
import { until } from '../test/session-pair.js';
import type { Channel, Role } from './index.js';
import { DEFAULT_CONFIG } from './config.js';
import { FRAME } from './frame.js';

const MIB = 1_048_576;
const WINDOW = 65_536;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each<[Role]>([['broker'], ['agent']])('a resumable %s whose peer', (role) => {
  let scene: HostileScene;
  afterEach(() => scene.close());

  it('asks for PONG after PONG and never says LANE_ACK does not make it remember every flush', async () => {
    scene = await HostileScene.open({ role, resumable: true });
    await scene.heard();
    scene.peer.keep = false;
    const before = heldBytes();
    for (let n = 0; n < 30_000; n += 1) {
      scene.peer.send(FRAME.PING, 0, n);
      await turn();
      await turn();
    }
    expect(heldBytes() - before).toBeLessThan(MIB);
  }, 20_000);

  it('grants credit without end and never acknowledges has a bounded number of bytes kept for it', async () => {
    const channels: Channel[] = [];
    scene = await HostileScene.open({ role, resumable: true, onOpen: (request) => channels.push(request.accept()) });
    scene.peer.open(scene.id(0), Number.MAX_SAFE_INTEGER);
    await until(() => channels.length === 1);
    scene.peer.keep = false;
    for (let n = 0; n < 2_000; n += 1) {
      while (channels[0]?.write(Buffer.alloc(65_536)) === true);
      scene.peer.send(FRAME.LANE_ACK, 0, scene.session.stats.bytesSent);
      await turn();
    }
    const { sentBytes, ackedBytes } = channels[0]?.out ?? { sentBytes: Number.NaN, ackedBytes: 0 };
    expect(sentBytes - ackedBytes).toBeLessThanOrEqual(DEFAULT_CONFIG.maxWindowBytes + 2 * MIB);
  }, 20_000);

  it('sends crumbs in order to an application that does not read costs little beside its window', async () => {
    scene = await HostileScene.open({ role, resumable: true });
    for (let n = 0; n < 4; n += 1) scene.peer.open(scene.id(n), 0);
    await scene.heard();
    const before = heldBytes();
    for (let n = 0; n < 4; n += 1) {
      for (let at = 0; at < WINDOW; at += 1) {
        scene.peer.send(FRAME.DATA, scene.id(n), at, Buffer.alloc(1));
        if (at % 512 === 0) await turn();
      }
    }
    await scene.heard();
    expect(scene.budget.reservedBytes).toBe(4 * WINDOW);
    expect(heldBytes() - before).toBeLessThan(4 * WINDOW + 2 * MIB);
  }, 20_000);
});
