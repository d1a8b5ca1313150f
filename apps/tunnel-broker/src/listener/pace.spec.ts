import { Pace } from './pace.js';

const LEAST_MS = 1_000;
const MOST_MS = 5_000;

describe('the pace of handshakes', () => {
  it('begins with all the time there is and follows the agents that come in', () => {
    const pace = new Pace(LEAST_MS, MOST_MS);
    expect(pace.limitMs).toBe(MOST_MS);
    for (let count = 0; count < 50; count++) pace.cameIn(50);
    expect(pace.limitMs).toBe(LEAST_MS);
    for (let count = 0; count < 50; count++) pace.cameIn(700);
    expect(pace.limitMs).toBeCloseTo(2_800, -2);
  });

  it('finds agents again that have become too slow for it', () => {
    const pace = new Pace(LEAST_MS, MOST_MS);
    for (let count = 0; count < 50; count++) pace.cameIn(50);
    for (let count = 0; count < 500; count++) pace.cut();
    expect(pace.limitMs).toBeGreaterThan(4_500);
  });

  it('stays short beside agents, although five times as many stall', () => {
    const pace = new Pace(LEAST_MS, MOST_MS);
    for (let count = 0; count < 200; count++) {
      pace.cameIn(100);
      for (let stall = 0; stall < 5; stall++) pace.cut();
    }
    expect(pace.limitMs).toBeLessThan(2_200);
  });
});
