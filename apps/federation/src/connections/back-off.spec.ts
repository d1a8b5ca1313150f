import { backOffMs } from './back-off.js';

describe('backOffMs', () => {
  it('doubles up to its cap and keeps half of it for jitter', () => {
    const least = { firstMs: 500, maxMs: 10_000, random: () => 0 };
    const most = { ...least, random: () => 1 };
    expect([0, 1, 2, 5, 1_000].map((attempt) => backOffMs(attempt, most))).toEqual([500, 1_000, 2_000, 10_000, 10_000]);
    expect([0, 1, 2, 5, 1_000].map((attempt) => backOffMs(attempt, least))).toEqual([250, 500, 1_000, 5_000, 5_000]);
  });
});
