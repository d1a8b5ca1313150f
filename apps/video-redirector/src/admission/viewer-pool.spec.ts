import type { Place } from '@app/media';
import fc from 'fast-check';
import { type Lack, ViewerPool } from './viewer-pool.js';

const MBIT = 1_000_000;

/** A viewer that takes what it is told to, in bits per second. */
class Watcher {
  ended: string | undefined;
  sent = 0;
  place: Place | Lack | undefined;

  constructor(
    readonly pool: ViewerPool,
    readonly level: number,
    readonly mbit: number | undefined,
    readonly shared?: object,
  ) {}

  enter(transport: 'tcp' | 'mse' | 'webrtc' = 'tcp', party = 'p'): this {
    const { level, mbit, shared } = this;
    const streamBitsPerS = (): number | undefined => mbit && mbit * MBIT;
    const entrant = {
      transport,
      bytes: () => this.sent,
      end: (code: string) => (this.ended = code),
      ...(shared && { shared }),
    };
    this.place = this.pool.enter({ level, party, streamBitsPerS }, entrant);
    return this;
  }

  get isIn(): boolean {
    return typeof this.place === 'object' && this.ended === undefined;
  }

  leave(): void {
    if (typeof this.place === 'object') this.place.leave();
  }
}

describe('ViewerPool', () => {
  let now: number;
  const poolOf = (viewers: number, mbit = Infinity): ViewerPool =>
    new ViewerPool({ viewers, bitsPerS: mbit * MBIT }, () => now);
  const enter = (pool: ViewerPool, level: number, mbit?: number, shared?: object): Watcher =>
    new Watcher(pool, level, mbit, shared).enter();

  beforeEach(() => (now = 0));

  it('has as many places as it may, and each again when its viewer has left, however often', () => {
    const pool = poolOf(2);
    const [first, , third] = [enter(pool, 100), enter(pool, 100), enter(pool, 100)];
    expect(third.place).toBe('capacity');
    first.leave();
    first.leave();
    expect(enter(pool, 100).isIn).toBe(true);
    expect(enter(pool, 100).place).toBe('capacity');
    expect(pool.used.viewers).toBe(2);
    expect(pool.refused).toEqual({ capacity: 2, bandwidth: 0 });
  });

  it('has any number without a limit, and none with a limit of 0', () => {
    const open = poolOf(Infinity);
    for (let n = 0; n < 500; n += 1) expect(enter(open, 254).isIn).toBe(true);
    expect(enter(poolOf(0), 1).place).toBe('capacity');
  });

  it('drives out the youngest of the lowest level, and nobody of the same or a higher one', () => {
    const pool = poolOf(3);
    const [older, high, younger] = [enter(pool, 200), enter(pool, 10), enter(pool, 200)];
    expect(enter(pool, 200).place).toBe('capacity');
    const middle = enter(pool, 100);
    expect([older, high, younger, middle].map(({ isIn }) => isIn)).toEqual([true, true, false, true]);
    expect(younger.ended).toBe('preempted');
    expect(enter(pool, 10).isIn).toBe(true);
    expect(older.ended).toBe('preempted');
    expect(enter(pool, 100).place).toBe('capacity');
    younger.leave();
    expect([pool.used.viewers, pool.preempted]).toEqual([3, 2]);
  });

  it('says what is lacking without taking anything or driving anybody out', () => {
    const pool = poolOf(1);
    const claim = { party: 'p', streamBitsPerS: () => MBIT };
    const low = enter(pool, 100);
    expect(pool.lackFor({ ...claim, level: 100 })).toBe('capacity');
    expect(pool.lackFor({ ...claim, level: 99 })).toBeUndefined();
    expect([low.isIn, pool.used.viewers]).toEqual([true, 1]);
  });

  it('counts a newcomer by its stream, and from then on what it is sent', () => {
    const pool = poolOf(Infinity, 10);
    const watchers = [enter(pool, 100, 4), enter(pool, 100, 4)];
    expect(enter(pool, 100, 4).place).toBe('bandwidth');
    for (now = 1_000; now <= 12_000; now += 1_000) {
      for (const watcher of watchers) watcher.sent += (2 * MBIT) / 8;
      pool.sample();
    }
    expect(pool.used.bitsPerS).toBeCloseTo(4 * MBIT, -4);
    expect(enter(pool, 100, 4).isIn).toBe(true);
    expect(enter(pool, 100, 4).place).toBe('bandwidth');
  });

  it('does not take the burst at the beginning for the rate', () => {
    const pool = poolOf(Infinity, 10);
    const watcher = enter(pool, 100, 2);
    watcher.sent = 8 << 20;
    for (now = 1_000; now <= 5_000; now += 1_000) {
      watcher.sent += (2 * MBIT) / 8;
      pool.sample();
    }
    expect(pool.used.bitsPerS).toBeCloseTo(2 * MBIT, -4);
  });

  it('lets the first viewer of an unknown stream in whatever the cap, and no stream that is known to be larger', () => {
    const pool = poolOf(Infinity, 1);
    const first = enter(pool, 100, undefined);
    expect(first.isIn).toBe(true);
    expect(enter(pool, 100, undefined).place).toBe('bandwidth');
    first.leave();
    expect(enter(pool, 1, 2).place).toBe('bandwidth');
  });

  it('ends nobody for one who would not fit all the same', () => {
    const pool = poolOf(Infinity, 10);
    const low = [enter(pool, 200, 3), enter(pool, 200, 3)];
    const high = enter(pool, 1, 4);
    expect(enter(pool, 100, 7).place).toBe('bandwidth');
    expect([...low, high].every(({ isIn }) => isIn)).toBe(true);
    expect(enter(pool, 100, 6).isIn).toBe(true);
    expect(low.map(({ ended }) => ended)).toEqual(['preempted', 'preempted']);
  });

  it('ends the fewest: a small one of the lowest level stays when a larger one must go anyway', () => {
    const pool = poolOf(Infinity, 10);
    const [small, large] = [enter(pool, 250, 1), enter(pool, 200, 9)];
    expect(enter(pool, 1, 9).isIn).toBe(true);
    expect([small.isIn, large.isIn]).toEqual([true, false]);
  });

  it('counts the members of a group each as a viewer, and what they are sent once', () => {
    const pool = poolOf(4, 10);
    const group = {};
    const members = [1, 2, 3].map(() => enter(pool, 200, 6, group));
    expect(pool.used).toMatchObject({ viewers: 3, bitsPerS: 6 * MBIT });
    expect(pool.lackFor({ level: 200, party: 'p', streamBitsPerS: () => 6 * MBIT })).toBeUndefined();
    expect(enter(pool, 200, 6).place).toBe('bandwidth');
    expect(enter(pool, 200, 4).isIn).toBe(true);
    expect(enter(pool, 200, 6, group).place).toBe('capacity');
    members[0]?.leave();
    members[1]?.leave();
    expect(pool.used.bitsPerS).toBe(10 * MBIT);
    members[2]?.leave();
    expect(pool.used.bitsPerS).toBe(4 * MBIT);
  });

  it('spares the members of a group of which one must stay: their end would give nothing', () => {
    const pool = poolOf(Infinity, 10);
    const group = {};
    const [low, high, single] = [enter(pool, 250, 4, group), enter(pool, 1, 4, group), enter(pool, 200, 6)];
    expect(enter(pool, 100, 6).isIn).toBe(true);
    expect([low.isIn, high.isIn, single.isIn]).toEqual([true, true, false]);
  });

  it('lets a page that plays drive nobody out for WebRTC', () => {
    const pool = poolOf(2);
    const other = enter(pool, 200);
    const page = new Watcher(pool, 1, 1).enter('mse', 'page');
    expect(new Watcher(pool, 1, 1).enter('webrtc', 'page').place).toBe('capacity');
    expect([other.isIn, page.isIn]).toEqual([true, true]);
    expect(new Watcher(pool, 1, 1).enter('webrtc', 'elsewhere').isIn).toBe(true);
    expect(other.ended).toBe('preempted');
  });

  it('tells what a viewer took when it is over', () => {
    const pool = poolOf(2);
    const told: number[] = [];
    let sent = 0;
    const entrant = { transport: 'tcp' as const, bytes: () => sent, end: () => undefined };
    const claim = {
      level: 1,
      party: 'p',
      streamBitsPerS: () => undefined,
      measured: (bits: number) => told.push(bits),
    };
    for (const seconds of [10, 0]) {
      const place = pool.enter(claim, entrant) as Place;
      for (let n = 0; n < seconds; n += 1) {
        now += 1_000;
        sent += MBIT / 8;
        pool.sample();
      }
      place.leave();
    }
    expect(told).toEqual([MBIT]);
  });

  it('keeps its limits, and all who are of the same or a higher level, whatever comes in whatever order', () => {
    const coming = fc.record({
      level: fc.integer({ min: 1, max: 4 }),
      mbit: fc.integer({ min: 1, max: 4 }),
      group: fc.nat(5),
    });
    const steps = fc.array(fc.oneof(coming, fc.nat(20)), { maxLength: 100 });
    const viewers = fc.integer({ min: 1, max: 6 });
    const mbit = fc.integer({ min: 2, max: 14 });
    fc.assert(fc.property(steps, viewers, mbit, (all, most, cap) => run(all, poolOf(most, cap))));
  });

  /** A step is a viewer that comes, or the number of one that goes. After each all that is promised is looked at. */
  const run = (steps: ({ level: number; mbit: number; group: number } | number)[], pool: ViewerPool): void => {
    const groups = [{}, {}];
    const all: Watcher[] = [];
    for (const step of steps) {
      if (typeof step === 'number') {
        all.splice(step, 1)[0]?.leave();
        continue;
      }
      const present = all.filter(({ isIn }) => isIn);
      const shared = groups[step.group];
      const newcomer = enter(pool, step.level, shared ? 3 : step.mbit, shared);
      all.push(newcomer);
      const driven = present.filter(({ isIn }) => !isIn);
      expect(driven.every(({ level }) => level > newcomer.level)).toBe(true);
      if (!newcomer.isIn) expect(driven).toEqual([]);
      expect(pool.used.viewers).toBe(all.filter(({ isIn }) => isIn).length);
      expect(pool.used.viewers).toBeLessThanOrEqual(pool.limits.viewers);
      expect(pool.used.bitsPerS).toBeLessThanOrEqual(pool.limits.bitsPerS);
    }
  };
});
