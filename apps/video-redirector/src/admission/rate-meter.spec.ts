import { RateMeter } from './rate-meter.js';
import { StreamRates } from './stream-rates.js';

describe('RateMeter', () => {
  it('knows nothing at first, then the rate of the last seconds', () => {
    const meter = new RateMeter(0);
    for (let second = 0; second <= 2; second += 1) meter.sample(second * 1_000, second * 1_000);
    expect(meter.bitsPerS).toBeUndefined();
    meter.sample(3_000, 3_000);
    expect(meter.bitsPerS).toBe(8_000);
    for (let second = 4; second <= 20; second += 1) meter.sample(3_000, second * 1_000);
    expect(meter.bitsPerS).toBe(0);
  });

  it('keeps the last rate over a break, and measures anew behind it', () => {
    const meter = new RateMeter(0);
    for (let second = 0; second <= 5; second += 1) meter.sample(second * 1_000, second * 1_000);
    meter.restart(60_000);
    meter.sample(5_000, 60_500);
    expect(meter.bitsPerS).toBe(8_000);
    for (let second = 61; second <= 64; second += 1) meter.sample(5_000 + (second - 61) * 2_000, second * 1_000);
    expect(meter.bitsPerS).toBe(16_000);
  });
});

describe('StreamRates', () => {
  it('remember recordings, the ones of the last viewers when there are many', () => {
    const rates = new StreamRates(() => 0);
    for (let n = 0; n < 1_001; n += 1) rates.noteRecording(`r${n}`, 2_000_000 + n);
    expect(['r0', 'r1', 'r1000'].map((key) => rates.ofRecording(key))).toEqual([undefined, 2_000_001, 2_001_000]);
  });

  it('do not believe of a recording what a viewer took that paused, or let it run', () => {
    const rates = new StreamRates(() => 0);
    rates.noteRecording('paused', 0);
    rates.noteRecording('exported', 900_000_000);
    expect([rates.ofRecording('paused'), rates.ofRecording('exported')]).toEqual([1_000_000, 8_000_000]);
  });
});
