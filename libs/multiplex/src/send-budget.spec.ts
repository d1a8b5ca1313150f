import { openChannel, readAll, startedPair, until } from '../test/session-pair.js';
import { SendBudget } from './send-budget.js';

const KIB = 1_024;

describe('the budget of what waits to be sent', () => {
  it('is spent when its limit is reached, and wakes those who wait once a quarter of it is free', () => {
    const budget = new SendBudget(100);
    let woken = 0;
    budget.use(100);
    expect(budget.isSpent).toBe(true);
    budget.whenFree(() => (woken += 1));
    budget.free(20);
    expect(woken).toBe(0);
    budget.free(10);
    expect([woken, budget.isSpent]).toEqual([1, false]);
    budget.free(70);
    expect(woken).toBe(1);
  });

  it('of a process stops sessions that hold much, and lets each have its own share', () => {
    const process = new SendBudget(100);
    const stuck = new SendBudget(1_000, process, 10);
    const other = new SendBudget(1_000, process, 10);
    stuck.use(100);
    expect([stuck.isSpent, other.isSpent]).toEqual([true, false]);
    other.use(10);
    expect(other.isSpent).toBe(true);
    let woken = 0;
    other.whenFree(() => (woken += 1));
    stuck.free(50);
    expect([woken, other.isSpent]).toEqual([1, false]);
  });

  it('wakes a session that is back below its own share, however stuck the others are', () => {
    const process = new SendBudget(100);
    const [stuck, other] = [new SendBudget(1_000, process, 10), new SendBudget(1_000, process, 10)];
    stuck.use(100);
    other.use(20);
    let woken = 0;
    other.whenFree(() => (woken += 1));
    other.free(5);
    expect(woken).toBe(0);
    other.free(15);
    expect(woken).toBe(1);
  });

  it('holds writers back above it; every byte arrives all the same, and nothing stays counted', async () => {
    const sendBudget = new SendBudget(256 * KIB);
    const pair = await startedPair({ brokerSendBudget: sendBudget, config: { sendBufferBytes: 16 * KIB } });
    const opened = await Promise.all([openChannel(pair), openChannel(pair), openChannel(pair)]);
    const received = opened.map(([, far]) => readAll(far));
    let most = 0;
    for (const [near] of opened) {
      let left = 100;
      const more = (): void => {
        while (left > 0) {
          left -= 1;
          const goesOn = near.write(Buffer.alloc(16 * KIB, left));
          most = Math.max(most, sendBudget.usedBytes);
          if (!goesOn) return;
        }
        near.end();
      };
      near.onDrain = more;
      more();
    }
    for (const bytes of await Promise.all(received)) expect(bytes.length).toBe(1_600 * KIB);
    expect(most).toBeLessThanOrEqual(512 * KIB);
    await until(() => sendBudget.usedBytes === 0);
    pair.close();
  });
});
