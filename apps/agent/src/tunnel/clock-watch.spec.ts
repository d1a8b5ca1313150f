import { ClockWatch } from './clock-watch.js';

describe('ClockWatch', () => {
  let wall = 1_000_000;
  let steady = 0;
  const jumps: number[] = [];
  const watch = new ClockWatch(
    (byMs) => jumps.push(byMs),
    () => wall,
    () => steady,
  );

  beforeAll(() => watch.start());
  afterAll(() => watch.close());

  it('says nothing while both clocks run alike', () => {
    wall += 5_000;
    steady += 5_100;
    watch.look();
    expect(jumps).toEqual([]);
  });

  it('notices that the machine slept, once', () => {
    wall += 600_000;
    steady += 5_000;
    watch.look();
    watch.look();
    expect(jumps).toEqual([595_000]);
  });

  it('notices a clock that was set back', () => {
    wall -= 3_600_000;
    watch.look();
    expect(jumps.at(-1)).toBe(-3_600_000);
  });
});
