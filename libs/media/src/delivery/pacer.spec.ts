import { setTimeout as delay } from 'node:timers/promises';
import { Pacer } from './pacer.js';

describe('Pacer', () => {
  const push = (pacer: Pacer, sent: number[], count: number, bytes: number): void => {
    for (let item = 0; item < count; item++) {
      pacer.push({ bytes, send: () => void sent.push(item) }, performance.now());
    }
  };

  it('sends what its bucket holds at once and the rest at its rate, in order', async () => {
    const sent: number[] = [];
    const pacer = new Pacer({ bytesPerMs: 100, bucketBytes: 5_000 });
    push(pacer, sent, 100, 1_000);
    expect(sent.length).toBeGreaterThanOrEqual(5);
    expect(sent.length).toBeLessThan(10);
    await delay(100);
    expect(sent.length).toBeLessThan(40);
    expect(pacer.bytes).toBe((100 - sent.length) * 1_000);
    expect(pacer.ageMs(performance.now())).toBeGreaterThan(90);
    while (sent.length < 100) await delay(20);
    expect(sent).toEqual(Array.from({ length: 100 }, (_, item) => item));
    expect([pacer.bytes, pacer.ageMs(performance.now())]).toEqual([0, 0]);
  });

  it('passes an item that is larger than the bucket', async () => {
    const sent: number[] = [];
    const pacer = new Pacer({ bytesPerMs: 1_000, bucketBytes: 100 });
    push(pacer, sent, 2, 10_000);
    expect(sent).toEqual([0]);
    while (sent.length < 2) await delay(5);
  });

  it('forgets what waits when it is closed', async () => {
    const sent: number[] = [];
    const pacer = new Pacer({ bytesPerMs: 10, bucketBytes: 10 });
    push(pacer, sent, 10, 100);
    pacer.close();
    await delay(30);
    expect([sent.length, pacer.bytes]).toEqual([1, 0]);
  });
});
