import { LagMeter } from './lag-meter.js';

describe('LagMeter', () => {
  let meter: LagMeter;

  beforeEach(() => {
    meter = new LagMeter();
    for (let unit = 0; unit < 10; unit++) meter.sent((65_530 + unit * 2) & 0xffff, unit * 100);
  });

  it('counts from the first unit that has not arrived, over the end of the numbers', () => {
    expect(meter.lagMs(0x1_0000, 1000)).toBe(600);
    expect(meter.lagMs(0x1_0001, 1000)).toBe(600);
    expect(meter.lagMs(12, 1000)).toBe(0);
  });

  it.each([65_000, 40, 30_000])('does not believe %i, which was never sent', (sequence) => {
    expect(meter.lagMs(sequence, 1000)).toBeUndefined();
  });
});
