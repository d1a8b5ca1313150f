import { openChannel, startedPair } from '../test/session-pair.js';
import { Budget } from './budget.js';
import { Reassembly } from './reassembly.js';

const KIB = 1_024;

describe('a budget', () => {
  it('keeps its second half for small windows, and promises no more than it has', () => {
    const budget = new Budget(1_024 * KIB);
    expect(budget.reserve(600 * KIB, 64 * KIB)).toBe(512 * KIB);
    expect(budget.reserve(600 * KIB, 64 * KIB)).toBe(64 * KIB);
    for (let count = 0; count < 7; count += 1) budget.reserve(64 * KIB, 64 * KIB);
    expect(budget.reserve(64 * KIB, 64 * KIB)).toBe(0);
    expect(budget.reservedBytes).toBe(1_024 * KIB);
  });

  it('of a process bounds all sessions together, and gets back what a session held', async () => {
    const budget = new Budget(256 * KIB);
    const [one, two] = [await startedPair({ agentBudget: budget }), await startedPair({ agentBudget: budget })];
    await openChannel(one);
    await openChannel(two);
    await openChannel(two);
    const refused = one.broker.open({ service: 'x', class: 'live' });
    await expect(refused).rejects.toMatchObject({ code: 'over-capacity' });
    two.agent.close();
    expect(budget.reservedBytes).toBe(128 * KIB);
    await openChannel(one);
    for (const pair of [one, two]) pair.close();
    expect(budget.reservedBytes).toBe(0);
  });
});

describe('bytes ahead of a gap', () => {
  it('are held once, whatever repeats or overlaps', () => {
    const held = new Reassembly();
    held.hold(10, Buffer.from('klmno'));
    held.hold(5, Buffer.from('fghijkl'));
    held.hold(12, Buffer.from('mnopqr'));
    expect(held.take(4)).toBeUndefined();
    let text = '';
    for (let at = 7, next = held.take(at); next !== undefined; at += next.length, next = held.take(at))
      text += String(next);
    expect(text).toBe('hijklmnopqr');
    expect(held.empty).toBe(true);
  });

  it('do not keep the chunk that a crumb came in', () => {
    const held = new Reassembly();
    held.hold(1, Buffer.alloc(65_536).subarray(0, 1));
    expect(held.take(1)?.buffer.byteLength).toBe(1);
  });

  it('in more pieces than an honest sender makes end the session', () => {
    const held = new Reassembly();
    const flood = (): void => {
      for (let at = 1; at < 100_000; at += 2) held.hold(at, Buffer.alloc(1));
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'credit-violation' }));
  });
});
