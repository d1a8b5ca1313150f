import { LeastRtt } from './least-rtt.js';

describe('the least round trip', () => {
  it('is the least seen, and stays while others confirm it', () => {
    const rtt = new LeastRtt(0);
    for (let now = 0; now < 60_000; now += 100) rtt.note(now % 5_000 === 0 ? 20 : 90, now);
    expect(rtt.ms).toBe(20);
    expect(rtt.measures).toBe(false);
  });

  it('is measured anew when nothing confirms it, by what was sent over an empty path', () => {
    const rtt = new LeastRtt(0);
    rtt.note(20, 0);
    for (let now = 100; now <= 10_100; now += 100) rtt.note(300, now);
    expect(rtt.measures).toBe(true);
    rtt.note(290, 10_200);
    expect(rtt.ms).toBe(20);
    rtt.emptied(10_300);
    expect(rtt.wantsPing).toBe(true);
    // Was under way before.
    rtt.note(200, 10_350);
    rtt.note(60, 10_360);
    rtt.note(62, 10_400);
    expect(rtt.ms).toBe(60);
    expect(rtt.measures).toBe(false);
    expect(rtt.wantsPing).toBe(false);
  });

  it('is believed at once when the path has become shorter', () => {
    const rtt = new LeastRtt(0);
    rtt.note(60, 0);
    rtt.note(5, 100);
    expect(rtt.ms).toBe(5);
  });
});
