import { openChannel, readAll, startedPair, until } from '../test/session-pair.js';
import { channelDuplex } from './duplex.js';
import { SendBudget } from './send-budget.js';

const KIB = 1_024;

describe('the budget of what waits to be sent', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is spent when its limit is reached, and wakes those who wait once a quarter of it is free', async () => {
    const budget = new SendBudget(100);
    let woken = 0;
    budget.use(100);
    expect(budget.isSpent).toBe(true);
    budget.whenFree(() => (woken += 1));
    budget.free(20);
    await turn();
    expect(woken).toBe(0);
    budget.free(10);
    await turn();
    expect([woken, budget.isSpent]).toEqual([1, false]);
    budget.free(70);
    await turn();
    expect(woken).toBe(1);
  });

  it('of a process stops sessions that hold much, and lets each have its own share', async () => {
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
    await turn();
    expect([woken, other.isSpent]).toEqual([1, false]);
  });

  it('wakes a session that is back below its own share, however stuck the others are', async () => {
    const process = new SendBudget(100);
    const [stuck, other] = [new SendBudget(1_000, process, 10), new SendBudget(1_000, process, 10)];
    stuck.use(100);
    other.use(20);
    let woken = 0;
    other.whenFree(() => (woken += 1));
    other.free(5);
    await turn();
    expect(woken).toBe(0);
    other.free(15);
    await turn();
    expect(woken).toBe(1);
  });

  it('wakes a session that waited for itself when later the process has room, and no more than there is room for', async () => {
    const process = new SendBudget(100);
    const [stuck, other] = [new SendBudget(1_000, process), new SendBudget(40, process)];
    other.use(40);
    const woken: number[] = [];
    other.whenFree(() => woken.push(1));
    stuck.use(60);
    other.free(20);
    stuck.use(20);
    await turn();
    expect(woken).toEqual([]);
    other.whenFree(() => {
      woken.push(2);
      other.use(10);
    });
    other.whenFree(() => woken.push(3));
    stuck.free(5);
    await turn();
    expect(woken).toEqual([1, 2]);
    stuck.free(30);
    await turn();
    expect(woken).toEqual([1, 2, 3]);
  });

  it('holds writers back above it; every byte arrives all the same, and nothing stays counted', async () => {
    const sendBudget = new SendBudget(256 * KIB);
    const pair = await startedPair({ brokerSendBudget: sendBudget, config: { sendBufferBytes: 16 * KIB } });
    const opened = await Promise.all([openChannel(pair), openChannel(pair), openChannel(pair)]);
    const received = opened.map(([, far]) => readAll(far));
    const expected = Buffer.concat(Array.from({ length: 100 }, (_, index) => Buffer.alloc(16 * KIB, 99 - index)));
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
    for (const bytes of await Promise.all(received)) expect(bytes.equals(expected)).toBe(true);
    expect(most).toBeLessThanOrEqual(512 * KIB);
    await until(() => sendBudget.usedBytes === 0);
    pair.close();
  });

  it('lets streams write while they are woken: every byte stays in its place', async () => {
    const sendBudget = new SendBudget(256 * KIB);
    const pair = await startedPair({ brokerSendBudget: sendBudget, config: { sendBufferBytes: 64 * KIB } });
    const opened = await Promise.all(Array.from({ length: 4 }, () => openChannel(pair)));
    const sent = await Promise.all(
      opened.map(async ([near, far], seed) => {
        const received = readAll(far);
        const chunks = Array.from({ length: 200 }, (_, index) => Buffer.alloc(9_000, (index * 7 + seed) % 251));
        const stream = channelDuplex(near).on('error', () => undefined);
        for (const chunk of chunks) stream.write(chunk);
        stream.end();
        return (await received).equals(Buffer.concat(chunks));
      }),
    );
    expect(sent).toEqual([true, true, true, true]);
    pair.close();
  });
});
