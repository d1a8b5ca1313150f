import type { SiteCondition, SiteOutage } from '@app/contracts';
import fc from 'fast-check';
import { SiteClock } from './report-times.js';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const HOUR = 3_600_000;

const at = (ms: number): string => new Date(ms).toISOString();
const outage = (change: Partial<SiteOutage> = {}): SiteOutage => ({
  id: '7d3c8a4e-5f0b-4c1e-9a53-0c1f6f1f2b11',
  from: at(NOW - HOUR),
  to: at(NOW - HOUR / 2),
  cause: 'peer-silent',
  faults: [],
  restarts: 0,
  clockJumpMs: 0,
  ...change,
});

describe('what a site says of an outage', () => {
  it('is put onto our clock', () => {
    const skewed = outage({ from: at(NOW + HOUR), to: at(NOW + 1.5 * HOUR) });
    const { beganAt, endedAt } = new SiteClock(2 * HOUR, NOW).outage(skewed);
    expect([beganAt, endedAt]).toEqual([new Date(NOW - HOUR), new Date(NOW - HOUR / 2)]);
  });

  it('began by a clock that was set forward since', () => {
    const booted = outage({ from: '1970-01-01T00:10:00Z', to: at(NOW), clockJumpMs: NOW - HOUR - 600_000 });
    expect(new SiteClock(0, NOW).outage(booted).beganAt).toEqual(new Date(NOW - HOUR));
  });

  it('began when the site says where its clock was set back', () => {
    const setBack = outage({ clockJumpMs: -2 * HOUR });
    expect(new SiteClock(0, NOW).outage(setBack).beganAt).toEqual(new Date(NOW - HOUR));
  });

  it('has faults within it', () => {
    const fault = {
      code: 'dns-failed',
      endpoint: 'a:5500',
      detail: '',
      count: 3,
      firstAt: at(0),
      lastAt: at(NOW + HOUR),
    };
    const [seen] = new SiteClock(null, NOW).outage(outage({ faults: [fault] })).faults;
    expect(seen).toMatchObject({ count: 3, firstAt: at(NOW - HOUR), lastAt: at(NOW - HOUR / 2) });
  });

  it('has no control characters, and a word where nothing else is left', () => {
    const fault = {
      code: '\0',
      endpoint: 'a\u001b[2J:1',
      detail: '\u202ex\ud800',
      count: 1,
      firstAt: at(0),
      lastAt: at(0),
    };
    const seen = new SiteClock(0, NOW).outage(outage({ cause: '\r\n', faults: [fault] }));
    expect(seen.cause).toBe('unknown');
    expect(seen.faults[0]).toMatchObject({ code: 'unknown', endpoint: 'a[2J:1', detail: 'x' });
    const condition = { agentVersion: '1\u0007', startedAt: at(NOW + HOUR) } as SiteCondition;
    expect(new SiteClock(0, NOW).condition(condition)).toEqual({ agentVersion: '1', startedAt: at(NOW) });
  });

  it('lies in our past whatever its clock says', () => {
    const instants = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    const jumps = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(instants, instants, jumps, fc.double({ noNaN: true }), (from, to, clockJumpMs, skewMs) => {
        const told = outage({ from: from.toISOString(), to: to.toISOString(), clockJumpMs });
        const { beganAt, endedAt } = new SiteClock(skewMs, NOW).outage(told);
        expect(beganAt.getTime()).toBeLessThanOrEqual(endedAt.getTime());
        expect(endedAt.getTime()).toBeLessThanOrEqual(NOW);
        expect(beganAt.getUTCFullYear()).toBeGreaterThan(2015);
      }),
    );
  });
});
