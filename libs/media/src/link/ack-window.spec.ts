import { AckWindow } from './ack-window.js';

describe('AckWindow', () => {
  let now: number;
  let window: AckWindow;

  beforeEach(() => {
    now = 1000;
    window = new AckWindow({ maxAckAgeMs: 600, maxInFlightBytes: 1000 }, () => now);
  });

  it('numbers units from 1 and lets them pass while they are acknowledged', () => {
    for (let round = 1; round <= 100; round++) {
      expect(window.admit(100, false)).toEqual({ frameSeq: round, discontinuity: false });
      window.acknowledge(round);
      now += 40;
    }
    expect(window.inFlightBytes).toBe(0);
  });

  it('stops when the oldest unit is older than the limit and goes on only with a keyframe, marked, once that has halved', () => {
    window.admit(10, true);
    now += 601;
    expect(window.admit(10, false)).toBeUndefined();
    expect(window.admit(10, true)).toBeUndefined();
    window.acknowledge(1);
    expect(window.admit(10, false)).toBeUndefined();
    expect(window.admit(10, true)).toEqual({ frameSeq: 2, discontinuity: true });
    expect(window.admit(10, false)).toEqual({ frameSeq: 3, discontinuity: false });
    expect([window.droppedUnits, window.dropEpisodes]).toEqual([3, 1]);
  });

  it('stops at the cap of bytes', () => {
    for (let unit = 0; unit < 3; unit++) window.admit(400, false);
    expect(window.admit(400, true)).toBeUndefined();
    expect(window.inFlightBytes).toBe(1200);
  });

  it('ignores acknowledgements of the past and takes one for many', () => {
    for (let unit = 0; unit < 5; unit++) window.admit(10, false);
    window.acknowledge(0);
    expect(window.inFlightBytes).toBe(50);
    window.acknowledge(4);
    window.acknowledge(2);
    expect(window.inFlightBytes).toBe(10);
  });

  it('lets sound pass beside a picture that is left out, until the receiver is hopelessly far behind', () => {
    window.admit(10, true);
    now += 601;
    expect(window.admit(10, false)).toBeUndefined();
    expect(window.admitSound(10)).toEqual({ frameSeq: 2, discontinuity: false });
    expect(window.admit(10, false)).toBeUndefined();
    now += 1000;
    expect(window.admitSound(10)).toBeUndefined();
    window.acknowledge(2);
    expect(window.admitSound(10)).toEqual({ frameSeq: 3, discontinuity: false });
    expect(window.admit(10, true)).toEqual({ frameSeq: 4, discontinuity: true });
    for (let unit = 0; unit < 100; unit++) window.admitSound(100);
    expect(window.inFlightBytes).toBeLessThanOrEqual(2600);
  });
});
