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

  /** A camera of 25 pictures a second, each first one a keyframe, over a line that is fast for 3 s; ms that each took from then on. */
  const carry = (bytesPerMs: number, seconds: number, { key = 60_000, other = 18_000, pathMs = 0 } = {}): number[] => {
    const window = new AckWindow({ maxAckAgeMs: 600, maxInFlightBytes: 1 << 24 }, () => now);
    const onLine: { frameSeq: number; at: number; arrivesAt: number }[] = [];
    const took: number[] = [];
    const began = now;
    let busyUntil = now;
    for (; now < began + (3 + seconds) * 1000; now++) {
      for (; onLine.length > 0 && onLine[0].arrivesAt <= now; onLine.shift()) {
        if (now > began + 3000) took.push(onLine[0].arrivesAt - onLine[0].at);
        window.acknowledge(onLine[0].frameSeq);
      }
      if ((now - began) % 40 !== 0) continue;
      const starts = (now - began) % 1000 === 0;
      const bytes = starts ? key : other;
      const admitted = window.admit(bytes, starts);
      if (!admitted) continue;
      busyUntil = Math.max(now, busyUntil) + bytes / (now < began + 3000 ? 5000 : bytesPerMs);
      onLine.push({ frameSeq: admitted.frameSeq, at: now, arrivesAt: busyUntil + pathMs });
    }
    return took;
  };

  it.each([
    [0.9, 450],
    [0.6, 300],
    [0.3, 150],
    [0.25, 125],
  ])('keeps pictures younger than 1.5 s on a line that carries %d of what it should', (share, bytesPerMs) => {
    const took = carry(bytesPerMs, 60);
    expect(Math.max(...took)).toBeLessThan(1500);
    expect(took.length / 1500).toBeGreaterThan(share * 0.5);
  });

  it.each([
    ['a large keyframe over a narrow line', { key: 100_000, other: 500, pathMs: 50 }, 250],
    ['the same over a long way', { key: 60_000, other: 500, pathMs: 350 }, 300],
  ])('leaves out nothing for %s', (_what, camera, bytesPerMs) => {
    const took = carry(bytesPerMs, 30, camera);
    expect(took.length).toBeGreaterThan(730);
  });
});
