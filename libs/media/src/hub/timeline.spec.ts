import type { AccessUnit } from '../access-unit.js';
import { readRtp, writeRtp } from '../rtp/packet.js';
import { ntpOfTimestamp, Timeline } from './timeline.js';

function unit(
  sequence: number,
  timestamp: number,
  captureUs: number,
  more: Partial<AccessUnit> & { ssrc?: number } = {},
): AccessUnit {
  const packets = [
    writeRtp({ marker: true, payloadType: 96, sequence, timestamp, ssrc: more.ssrc ?? 7 }, Buffer.from('x')),
  ];
  return { track: 0, key: true, discontinuity: false, timestamp, captureUs, packets, bytes: 13, ...more };
}

describe('Timeline', () => {
  const startUs = 1e15;
  let timeline: Timeline;
  const map = (made: AccessUnit): number[] => {
    timeline.map(made);
    const header = readRtp(made.packets[0])!;
    expect(header.timestamp).toBe(made.timestamp);
    return [header.ssrc, header.sequence, header.timestamp];
  };

  beforeEach(() => {
    timeline = new Timeline(0, 90_000);
  });

  it('passes the first session unchanged, over the end of the numbers', () => {
    expect(map(unit(65_535, 2 ** 32 - 1, startUs))).toEqual([7, 65_535, 2 ** 32 - 1]);
    expect(map(unit(0, 3599, startUs + 40_000))).toEqual([7, 0, 3599]);
  });

  it('moves a new SSRC by the time that passed, also in the middle of a session', () => {
    map(unit(10, 1000, startUs));
    expect(map(unit(500, 77, startUs + 2_000_000, { ssrc: 8 }))).toEqual([7, 11, 181_000]);
    expect(map(unit(501, 3677, startUs + 2_040_000, { ssrc: 8 }))).toEqual([7, 12, 184_600]);
  });

  it('never steps back when the clock does', () => {
    map(unit(10, 1000, startUs));
    timeline.restart();
    expect(map(unit(1, 1, startUs - 5_000_000))[2]).toBeGreaterThan(1000);
  });

  it('closes the gap in the numbers where units were left out, and leaves the time alone', () => {
    map(unit(10, 1000, startUs));
    expect(map(unit(90, 91_000, startUs + 1_000_000, { discontinuity: true }))).toEqual([7, 11, 91_000]);
  });

  it('tells the camera’s wall clock once it reported it, in the viewers’ timestamps', () => {
    map(unit(10, 1000, startUs));
    timeline.restart();
    timeline.take({ track: 0, ntp: 50n << 32n, timestamp: 100 });
    expect(timeline.reference()).toBeUndefined();
    const [, , timestamp] = map(unit(1, 100, startUs + 1_000_000));
    expect(timeline.reference()).toEqual({ track: 0, ntp: 50n << 32n, timestamp });
    expect(ntpOfTimestamp(timeline.reference()!, timestamp - 45_000, 90_000)).toBe((49n << 32n) + (1n << 31n));
  });
});
