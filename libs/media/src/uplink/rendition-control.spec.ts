import { RenditionControl, renditionDefaults } from './rendition-control.js';

const CALM = { ackAgeMs: 40, dropEpisodes: 0 };
const options = { ...renditionDefaults, graceMs: 0 };

describe('RenditionControl', () => {
  let now: number;
  let control: RenditionControl;

  beforeEach(() => {
    now = 10_000;
    control = new RenditionControl(options, () => now);
  });

  /** Observes the same every 40 ms. */
  const last = (ms: number, pressure: { ackAgeMs: number; dropEpisodes: number }): void => {
    for (const end = now + ms; now < end; now += 40) control.observe(pressure);
  };

  const fall = (): void => {
    last(400, { ackAgeMs: 500, dropEpisodes: 0 });
    expect(control.wantsDown).toBe(true);
    control.moved(true);
  };

  it('wants down before anything is dropped, once acknowledgements stay late', () => {
    last(1_000, CALM);
    expect(control.wantsDown).toBe(false);
    last(160, { ackAgeMs: 400, dropEpisodes: 0 });
    expect(control.wantsDown).toBe(false);
    last(80, { ackAgeMs: 450, dropEpisodes: 0 });
    expect(control.wantsDown).toBe(true);
  });

  it('takes a large keyframe now and then for nothing', () => {
    for (let second = 0; second < 60; second += 1) {
      last(160, { ackAgeMs: 500, dropEpisodes: 0 });
      last(840, CALM);
      expect(control.wantsDown).toBe(false);
    }
  });

  it('wants down at once when units were dropped', () => {
    control.observe({ ackAgeMs: 100, dropEpisodes: 1 });
    expect(control.wantsDown).toBe(true);
  });

  it('says nothing of the burst with which a stream begins', () => {
    control = new RenditionControl({ ...options, graceMs: 2_000 }, () => now);
    last(1_900, { ackAgeMs: 500, dropEpisodes: 1 });
    expect(control.wantsDown).toBe(false);
    last(200, { ackAgeMs: 500, dropEpisodes: 1 });
    expect(control.wantsDown).toBe(true);
  });

  it('wants up only after the line was calm on end', () => {
    fall();
    last(14_000, CALM);
    last(40, { ackAgeMs: 300, dropEpisodes: 0 });
    last(14_000, CALM);
    expect(control.wantsUp).toBe(false);
    last(1_200, CALM);
    expect(control.wantsUp).toBe(true);
  });

  it('waits twice as long after each step up that did not hold, up to a limit, and begins anew after one that did', () => {
    const waitOf = (): number => {
      const from = now;
      while (!control.wantsUp) last(1_000, CALM);
      return Math.round((now - from) / 1_000);
    };
    const waits: number[] = [];
    fall();
    for (let trial = 0; trial < 6; trial += 1) {
      waits.push(waitOf());
      control.moved(false);
      fall();
    }
    expect(waits).toEqual([15, 30, 60, 120, 240, 300]);
    waitOf();
    control.moved(false);
    last(31_000, CALM);
    fall();
    expect(waitOf()).toBe(15);
  });

  it('thinks of a change that failed only after the wait', () => {
    last(400, { ackAgeMs: 500, dropEpisodes: 0 });
    control.failed();
    last(14_000, { ackAgeMs: 500, dropEpisodes: 0 });
    expect(control.wantsDown).toBe(false);
    last(1_000, { ackAgeMs: 500, dropEpisodes: 0 });
    expect(control.wantsDown).toBe(true);
  });
});
