import type { TimelineSpan } from '@app/contracts';
import { recordedPage, startOf } from './recorded-spans.js';

const at = (hour: number): string => `2026-01-01T${String(hour).padStart(2, '0')}:00:00.000Z`;
const span = (from: number, to: number, state: TimelineSpan['state'] = 'recorded'): TimelineSpan => ({
  from: at(from),
  to: at(to),
  state,
});
const DAY = { from: at(0), to: at(23) };

describe('recordedPage', () => {
  it('has what is recorded, and what may be', () => {
    const spans = [span(0, 2, 'empty'), span(2, 3), span(3, 4), span(4, 5, 'unknown'), span(5, 23, 'empty')];
    expect(recordedPage(spans, DAY, 10)).toEqual({ items: [span(2, 4), span(4, 5, 'unknown')], nextCursor: null });
  });

  it('begins and ends with the range', () => {
    expect(recordedPage([span(0, 23)], { from: at(3), to: at(4) }, 10).items).toEqual([span(3, 4)]);
    expect(recordedPage([span(0, 2)], { from: at(3), to: at(4) }, 10).items).toEqual([]);
  });

  it('goes on behind each page until all were shown', () => {
    const spans = [1, 3, 5, 7, 9].flatMap((hour) => [span(hour, hour + 1), span(hour + 1, hour + 2, 'empty')]);
    const seen: TimelineSpan[] = [];
    let cursor: string | null | undefined;
    for (let pages = 0; cursor !== null && pages < 10; pages++) {
      const from = startOf(cursor, DAY);
      const page = recordedPage(
        spans.filter(({ to }) => to > from),
        { from, to: DAY.to },
        2,
      );
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([span(1, 2), span(3, 4), span(5, 6), span(7, 8), span(9, 10)]);
    expect(cursor).toBeNull();
  });

  it('asks for the rest where the site stopped short, and ends where it says nothing', () => {
    const { nextCursor } = recordedPage([span(0, 4)], DAY, 10);
    expect(startOf(nextCursor ?? undefined, DAY)).toBe(at(4));
    expect(recordedPage([], { from: at(4), to: at(23) }, 10)).toEqual({ items: [], nextCursor: null });
  });

  it.each(['', 'abc', Buffer.from('2026-01-01').toString('base64url'), Buffer.from(at(0)).toString('base64url')])(
    'takes %j for no cursor of its own',
    (cursor) => {
      expect(() => startOf(cursor, DAY)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
    },
  );
});
