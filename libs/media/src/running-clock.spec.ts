import { RunningClock } from './running-clock.js';

describe('the time of a process', () => {
  it('passes as on the wall while the process runs, and hardly while it stands still', () => {
    let now = 5000;
    const clock = new RunningClock(() => now);
    const start = clock.nowMs();
    for (let beat = 0; beat < 20; beat++) {
      now += 50;
      clock.beat();
    }
    now += 30;
    expect(clock.nowMs() - start).toBe(1030);
    now += 5000;
    expect(clock.nowMs() - start).toBe(1100);
    clock.beat();
    now += 50;
    expect(clock.nowMs() - start).toBe(1150);
  });
});
