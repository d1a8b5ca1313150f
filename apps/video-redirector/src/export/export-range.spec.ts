import { exportName, exportRange } from './export-range.js';

const NOW = Date.UTC(2026, 5, 1);
const read = (from: string, to: string): unknown => exportRange(new URLSearchParams({ from, to }), NOW);

describe('the range of an export', () => {
  it('is read with any offset', () => {
    expect(read('2026-01-31T12:00:00Z', '2026-01-31T14:00:00.5+01:00')).toEqual({
      fromMs: Date.UTC(2026, 0, 31, 12),
      toMs: Date.UTC(2026, 0, 31, 13, 0, 0, 500),
    });
  });

  it.each([
    ['', '2026-01-31T12:00:00Z', /RFC 3339/],
    ['yesterday', 'today', /RFC 3339/],
    ['2026-01-31T12:00:00', '2026-01-31T13:00:00', /RFC 3339/],
    ['2026-13-31T12:00:00Z', '2026-01-31T12:00:00Z', /RFC 3339/],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z', /after/],
    ['2026-01-31T12:00:00Z', '2026-01-31T11:00:00Z', /after/],
    ['2026-01-01T00:00:00Z', '2026-01-02T00:00:01Z', /24 hours/],
    ['2026-05-31T23:00:00Z', '2026-06-01T00:02:00Z', /future/],
  ])('is refused from %j to %j', (from, to, reason) => {
    expect(read(from, to)).toMatch(reason);
  });

  it('makes a name of the file without anything that needs quoting', () => {
    const range = { fromMs: Date.UTC(2026, 0, 31, 12), toMs: Date.UTC(2026, 0, 31, 12, 0, 10) };
    expect(exportName('hamburg', 'gate', range)).toBe('hamburg-gate-20260131T120000Z-20260131T120010Z.mp4');
    expect(exportName('h', 'a"\r\nb/../ü', range)).toBe('h-a_b_.._-20260131T120000Z-20260131T120010Z.mp4');
  });
});
