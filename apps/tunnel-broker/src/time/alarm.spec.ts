import { Alarm } from './alarm.js';

const DAY_MS = 86_400_000;

describe('an alarm', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('rings once at an instant beyond the range of a timer', () => {
    let rung = 0;
    new Alarm(Date.now() + 90 * DAY_MS, () => rung++);
    jest.advanceTimersByTime(90 * DAY_MS - 1);
    expect(rung).toBe(0);
    jest.advanceTimersByTime(DAY_MS);
    expect(rung).toBe(1);
  });

  it('rings soon after the clock has jumped', () => {
    let rung = 0;
    new Alarm(Date.now() + 30 * DAY_MS, () => rung++);
    jest.setSystemTime(Date.now() + 31 * DAY_MS);
    jest.advanceTimersByTime(3_600_000);
    expect(rung).toBe(1);
  });

  it('stays silent when it was cancelled', () => {
    let rung = 0;
    new Alarm(Date.now() + 10, () => rung++).cancel();
    jest.advanceTimersByTime(DAY_MS);
    expect(rung).toBe(0);
  });
});
