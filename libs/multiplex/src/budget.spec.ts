import { openChannel, startedPair } from '../test/session-pair.js';
import { Budget } from './budget.js';

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
