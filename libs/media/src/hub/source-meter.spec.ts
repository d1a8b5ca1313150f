import type { AccessUnit } from '../access-unit.js';
import { writeRtp } from '../rtp/packet.js';
import { SourceMeter } from './source-meter.js';

describe('SourceMeter', () => {
  let now: number;
  let meter: SourceMeter;
  let sequence: number;

  const unit = (changes: Partial<AccessUnit> = {}, packets = 2): AccessUnit => {
    const made = Array.from({ length: packets }, () => {
      const fields = { marker: false, payloadType: 96, sequence: sequence++ & 0xffff, timestamp: 0, ssrc: 1 };
      return writeRtp(fields, Buffer.alloc(488));
    });
    const captureUs = (performance.timeOrigin + now - 30) * 1000;
    const common = { track: 0, key: false, discontinuity: false, timestamp: 0 };
    return { ...common, captureUs, packets: made, bytes: packets * 500, ...changes };
  };

  beforeEach(() => {
    [now, sequence] = [1_000, 65_500];
    meter = new SourceMeter(() => now);
  });

  const play = (frames: number): void => {
    for (let n = 0; n < frames; n += 1) {
      meter.unit(unit(), true, n % 25 === 0);
      now += 40;
    }
  };

  it('measures bit rate, frames, groups of pictures, delay and the age of the last keyframe', () => {
    play(500);
    const { bitsPerSecond, framesPerSecond, gopFrames, keyAgeMs, jitterMs, delayMs } = meter.figures;
    expect(bitsPerSecond).toBeGreaterThan(190_000);
    expect(bitsPerSecond).toBeLessThan(210_000);
    expect(framesPerSecond).toBeCloseTo(25, 0);
    expect({ gopFrames, keyAgeMs }).toEqual({ gopFrames: 25, keyAgeMs: 1_000 });
    expect(jitterMs).toBeLessThan(1);
    expect(delayMs?.p95).toBeCloseTo(30, 0);
    expect([meter.lostPackets, meter.discontinuities]).toEqual([0, 0]);
  });

  it('knows what is lost, between units and in them, from what was left out', () => {
    play(3);
    sequence += 3;
    meter.unit(unit(), true, false);
    sequence += 100;
    meter.unit(unit({ discontinuity: true }), true, true);
    const holed = unit({}, 4);
    holed.packets.splice(1, 1);
    meter.unit(holed, true, false);
    expect([meter.lostPackets, meter.discontinuities]).toEqual([4, 1]);
    sequence = 10;
    meter.restart();
    meter.unit(unit(), true, true);
    expect(meter.lostPackets).toBe(4);
  });

  it('sees jitter, and falls to nothing when nothing comes', () => {
    for (let n = 0; n < 200; n += 1) {
      meter.unit(unit(), true, n === 0);
      now += 40;
      meter.unit(unit({ captureUs: (performance.timeOrigin + now - 50) * 1000 }), true, false);
      now += 40;
    }
    expect(meter.figures.jitterMs).toBeCloseTo(20, 0);
    now += 20_000;
    expect(meter.figures).toMatchObject({ bitsPerSecond: 0, framesPerSecond: 0 });
  });
});
