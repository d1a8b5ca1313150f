import { formatClock, parseClock, parseRecordedRange, rangeLines, readRange } from './clock-range.js';

const recorded = { fromMs: Date.UTC(2026, 0, 31, 12), toMs: Date.UTC(2026, 0, 31, 13) };

describe('times of RTSP', () => {
  it.each([
    ['20260131T120000Z', Date.UTC(2026, 0, 31, 12)],
    ['20260131T120000.25Z', Date.UTC(2026, 0, 31, 12) + 250],
    ['20260231T120000Z', undefined],
    ['20260131T250000Z', undefined],
    ['20260131T120000', undefined],
    ['2026-01-31T12:00:00Z', undefined],
    ['', undefined],
  ])('reads %j', (text, ms) => {
    expect(parseClock(text)).toBe(ms);
  });

  it('comes back the same', () => {
    expect(formatClock(recorded.fromMs + 40)).toBe('20260131T120000.040Z');
    expect(parseRecordedRange(rangeLines(recorded)[0])).toEqual(recorded);
    expect(rangeLines(recorded)[1]).toBe('npt=0-3600.000');
    expect(['npt=0-', 'clock=20260131T120000Z-', 'now'].map(parseRecordedRange)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('readRange', () => {
  it.each([
    ['clock=20260131T121500Z-', false, undefined],
    ['clock=20260131T110000Z-', false, undefined],
    ['clock=-20260131T121500Z', false, undefined],
    ['clock=20260131T110000Z-20260131T140000Z', false, undefined],
    ['clock=20260131T140000Z-', false, 'outside'],
    ['clock=20260131T100000Z-20260131T110000Z', false, 'outside'],
    ['clock=20260131T140000Z-', true, undefined],
    ['clock=20260131T110000Z-', true, 'outside'],
    ['clock=20260131T123000Z-20260131T121500Z', true, undefined],
    ['clock=-', false, 'malformed'],
    ['clock=soon-', false, 'malformed'],
    ['clock=20260131T121500Z-late', false, 'malformed'],
    ['npt=x', false, 'malformed'],
    ['npt=3601-', false, 'outside'],
    ['npt=now-', false, undefined],
    ['smpte=0:10-', false, undefined],
  ])('judges %j (backwards %j) as %j', (value, backwards, fault) => {
    expect(readRange(value, recorded, backwards).fault).toBe(fault);
  });

  it('turns seconds into absolute time, and leaves them where the beginning is unknown', () => {
    expect(readRange('npt=90.5-', recorded, false).value).toBe('clock=20260131T120130.500Z-');
    expect(readRange('npt=0.000-60', recorded, false).value).toBe('clock=20260131T120000.000Z-20260131T120100.000Z');
    expect(readRange('npt=5-', undefined, false)).toEqual({ value: 'npt=5-' });
  });
});
