import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hub } from '../hub/hub.js';
import { parseClip } from '../source/clip.js';
import { ClipSource } from '../source/clip-source.js';
import { FakeSource } from '../../test/fake-source.js';
import { mediaFlag, mediaHeaderBytes, playerMessage } from './player-message.js';
import { playerDefaults, PlayerOutlet, type PlayerOptions } from './player-outlet.js';

const clip = parseClip(readFileSync(join(__dirname, '../../../../apps/demo-camera/clips/low.h264')));

class Player {
  readonly inits: string[] = [];
  readonly media: { number: number; flags: number; seconds: number; capturedMs: number; bytes: number }[] = [];
  readonly texts: object[] = [];
  ended: string | undefined;
  outlet: PlayerOutlet | undefined;

  static async join(hub: Hub, options: Partial<PlayerOptions> = {}, acknowledges = true): Promise<Player> {
    const player = new Player();
    const channel = {
      text: (message: object) => void player.texts.push(message),
      binary: (head: Buffer, body: Buffer) => player.take(Buffer.concat([head, body]), acknowledges),
    };
    const all = { ...playerDefaults, ...options };
    const outlet = new PlayerOutlet(hub, await hub.describe(), channel, all, ({ code }) => (player.ended = code));
    player.outlet = outlet;
    outlet.start();
    return player;
  }

  take(message: Buffer, acknowledges: boolean): void {
    if (message[0] === playerMessage.INIT) {
      this.inits.push(message.toString('latin1', 2, 2 + message[1]));
      return;
    }
    const number = message.readUInt32BE(4);
    this.media.push({
      number,
      flags: message[1],
      capturedMs: message.readDoubleBE(8),
      seconds: message.readDoubleBE(16),
      bytes: message.length - mediaHeaderBytes,
    });
    if (acknowledges) queueMicrotask(() => this.outlet?.acknowledge(number));
  }
}

async function poll(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('PlayerOutlet', () => {
  let hub: Hub;

  beforeEach(() => {
    hub = new Hub(new ClipSource(clip, { name: 'clip', framesPerSecond: 25 }));
  });

  afterEach(() => hub.close());

  it('gives the cached group of pictures at once and then a fragment per frame', async () => {
    const first = await Player.join(hub);
    await poll(() => first.media.length > 20);
    const late = await Player.join(hub);
    expect(late.inits).toEqual([expect.stringMatching(/^video\/mp4; codecs="avc1\.[0-9a-f]{6}"$/)]);
    expect(late.media.length).toBeGreaterThan(10);
    expect(late.media[0].flags & mediaFlag.KEY).toBe(mediaFlag.KEY);
    expect(Math.abs(Date.now() - late.media.at(-1)!.capturedMs)).toBeLessThan(500);
    await poll(() => late.media.length > 40);
    const steps = late.media
      .slice(1)
      .map(({ seconds }, index) => Math.round((seconds - late.media[index].seconds) * 1000));
    expect(new Set(steps)).toEqual(new Set([40]));
    expect(late.media.map(({ number }) => number)).toEqual(late.media.map((_, index) => index + 1));
    first.outlet!.stop();
    late.outlet!.stop();
  });

  it('cuts a player that acknowledges nothing, lets it go in the end, and spares the other', async () => {
    const slow = await Player.join(hub, { maxAckAgeMs: 100, stalledMs: 400, sweepMs: 20 }, false);
    const healthy = await Player.join(hub, { stalledMs: 400, sweepMs: 20 });
    await poll(() => slow.ended !== undefined);
    expect(slow.ended).toBe('viewer-stalled');
    expect(slow.outlet!.stats.dropEpisodes).toBe(1);
    expect(slow.media.length).toBeLessThan(healthy.media.length);
    expect(healthy.outlet!.stats.droppedUnits).toBe(0);
    slow.outlet!.stop();
    healthy.outlet!.stop();
  });

  it('goes on at a keyframe, and says so, when a player that was behind has caught up', async () => {
    const player = await Player.join(hub, { maxAckAgeMs: 100 }, false);
    await poll(() => player.outlet!.stats.droppedUnits > 5);
    const before = player.media.length;
    player.outlet!.acknowledge(player.media.at(-1)!.number);
    await poll(() => player.media.length > before);
    expect(player.media[before].flags).toBe(mediaFlag.KEY | mediaFlag.DISCONTINUITY);
    player.outlet!.stop();
  });

  it('tells the state of the source', async () => {
    const source = new FakeSource();
    const flaky = new Hub(source, { firstMs: 5, maxMs: 10 });
    const player = await Player.join(flaky);
    source.drop();
    await poll(() => source.opened === 2 && flaky.state === 'up');
    expect(player.texts).toEqual([
      { state: 'up', code: '' },
      { state: 'reconnecting', code: 'camera-closed' },
      { state: 'up', code: '' },
    ]);
    player.outlet!.stop();
    await flaky.close();
  });
});
