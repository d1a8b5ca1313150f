import fc from 'fast-check';
import type { Commander } from './command.js';
import { PtzLock } from './ptz-lock.js';

const anna: Commander = { account: 'cloud', user: 'operator:anna', level: 50 };
const ben: Commander = { account: 'cloud', user: 'operator:ben', level: 50 };
const chief: Commander = { account: 'cloud', user: 'operator:chief', level: 1 };
const guest: Commander = { account: 'cloud', user: 'operator:guest', level: 100 };

describe('PtzLock', () => {
  let now: number;
  let lock: PtzLock;

  beforeEach(() => {
    now = 1_000;
    lock = new PtzLock({ now: () => now });
  });

  it('lets the first of equals steer, until it has been still for 5 s', () => {
    expect(lock.steer(anna)).toEqual({ allowed: true });
    expect(lock.steer(ben)).toMatchObject({ allowed: false, why: 'held', by: { user: 'operator:anna', level: 50 } });
    now += 4_999;
    expect(lock.steer(anna)).toEqual({ allowed: true });
    now += 4_999;
    expect(lock.steer(ben)).toMatchObject({ allowed: false });
    now += 1;
    expect(lock.hold).toBeUndefined();
    expect(lock.steer(ben)).toEqual({ allowed: true });
  });

  it('gives a higher level the camera at once, and lower ones nothing', () => {
    lock.steer(anna);
    expect(lock.steer(guest)).toMatchObject({ allowed: false });
    expect(lock.steer(chief)).toEqual({ allowed: true });
    expect(lock.steer(anna)).toMatchObject({ allowed: false, by: { user: 'operator:chief' } });
  });

  it('keeps a lock through stillness, and under a higher level that steers for a while', () => {
    lock.take(anna);
    now += 60_000;
    expect(lock.steer(ben)).toMatchObject({ allowed: false, why: 'locked', by: { user: 'operator:anna' } });
    expect(lock.steer(chief)).toEqual({ allowed: true });
    expect(lock.steer(anna)).toMatchObject({ allowed: false, why: 'held' });
    now += 5_000;
    expect(lock.steer(ben)).toMatchObject({ allowed: false, why: 'locked' });
    expect(lock.steer(anna)).toEqual({ allowed: true });
  });

  it('is unlocked by its owner, an equal or a higher level, not by a lower one', () => {
    lock.take(anna);
    expect(lock.release(guest)).toMatchObject({ allowed: false, why: 'locked' });
    expect(lock.release(ben)).toEqual({ allowed: true });
    expect(lock.lock).toBeUndefined();
    expect(lock.steer(ben)).toMatchObject({ allowed: false, why: 'held' });
    lock.take(anna);
    expect(lock.release(anna)).toEqual({ allowed: true });
    expect(lock.steer(ben)).toEqual({ allowed: true });
    expect(lock.release(guest)).toEqual({ allowed: true });
  });

  it('is not taken over by an equal, and forgotten when its owner is away for an hour', () => {
    lock.take(anna);
    expect(lock.take(ben)).toMatchObject({ allowed: false });
    expect(lock.take(chief)).toEqual({ allowed: true });
    now += 3_599_999;
    expect(lock.steer(ben)).toMatchObject({ allowed: false, why: 'locked', by: { user: 'operator:chief' } });
    now += 1;
    expect(lock.steer(ben)).toEqual({ allowed: true });
  });

  it('tells users of two hosts apart though both are called the same', () => {
    lock.steer(anna);
    expect(lock.steer({ ...anna, account: 'police' })).toMatchObject({ allowed: false });
  });
});

type Act = 'steer' | 'take' | 'release';
interface Step {
  at: number;
  act: Act;
  who: Commander;
}

const IDLE_MS = 5_000;
const LOCK_MS = 3_600_000;

/** Decides from all that was allowed so far, as docs/commands.md words the rules. */
const expected = (allowed: readonly Step[], { at, act, who }: Step): boolean => {
  const steering = allowed.findLast((step) => step.act !== 'release');
  const after = steering === undefined ? [] : allowed.slice(allowed.indexOf(steering));
  const letGo = after.some((step) => step.act === 'release' && step.who === steering?.who);
  const holder = steering && !letGo && at - steering.at < IDLE_MS ? steering.who : undefined;

  const change = allowed.findLast((step) => step.act !== 'steer');
  const locking = change?.act === 'take' ? allowed.slice(allowed.indexOf(change)) : [];
  const signs = [...locking.filter((step) => step.who === change?.who).map((step) => step.at), at];
  const isKept = signs.every((time, index) => index === 0 || time - (signs[index - 1] ?? 0) < LOCK_MS);
  const owner = locking.length > 0 && isKept ? change?.who : undefined;

  if (act === 'release') return owner === undefined || owner === who || who.level <= owner.level;
  return [holder, owner].every((other) => other === undefined || other === who || who.level < other.level);
};

it('decides as the rules say, whoever comes when', () => {
  const step = fc.record({
    afterMs: fc.constantFrom(0, 1, 700, 2_500, 5_000, 6_000, 1_800_000, 3_600_000),
    act: fc.constantFrom<Act>('steer', 'steer', 'steer', 'take', 'release'),
    who: fc.constantFrom(anna, ben, chief, guest),
  });
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    let now = 1_000_000;
    const lock = new PtzLock({ now: () => now });
    const history: Step[] = [];
    for (const { afterMs, act, who } of steps) {
      now += afterMs;
      const tried = { at: now, act, who };
      const { allowed } = lock[act](who);
      expect(allowed).toBe(expected(history, tried));
      if (allowed) history.push(tried);
    }
  });
  fc.assert(property, { numRuns: 1_000 });
});
