import { RecentValues } from './recent-values.js';

describe('RecentValues', () => {
  it('knows the middle and the worst of the last values, and nothing of none', () => {
    const values = new RecentValues(100);
    expect(values.quantiles()).toBeUndefined();
    values.add(7);
    expect(values.quantiles()).toEqual({ p50: 7, p95: 7 });
    for (let n = 1; n <= 100; n += 1) values.add(n);
    expect([values.quantiles(), values.smallest()]).toEqual([{ p50: 51, p95: 96 }, 1]);
    values.clear();
    expect([values.quantiles(), values.smallest()]).toEqual([undefined, undefined]);
  });
});
