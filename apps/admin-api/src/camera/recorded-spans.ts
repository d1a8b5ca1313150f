import { DomainError, type TimelineSpan } from '@app/contracts';
import type { Page } from '@app/persistence';

export interface SpanRange {
  /** RFC 3339, UTC */
  from: string;
  to: string;
}

/** @throws DomainError `invalid-cursor` for what no page of this range ended with */
export const startOf = (cursor: string | undefined, { from, to }: SpanRange): string => {
  if (cursor === undefined) return from;
  const at = Buffer.from(cursor, 'base64url').toString('utf8');
  const date = new Date(at);
  const isOurs = !Number.isNaN(date.getTime()) && date.toISOString() === at;
  if (isOurs && at > from && at < to) return at;
  throw new DomainError('invalid-cursor', 'the cursor does not come from a page of this range', {
    fields: [{ pointer: '/cursor', detail: 'the nextCursor of a page' }],
  });
};

/**
 * What may be recorded between `from` and `to`: spans that are not known to be empty, those that touch in one state as one.
 * @param spans in their order; a site that stops short of `to` is asked for the rest by the next page
 */
export const recordedPage = (
  spans: readonly TimelineSpan[],
  { from, to }: SpanRange,
  limit: number,
): Page<TimelineSpan> => {
  const kept: TimelineSpan[] = [];
  let end = from;
  for (const span of spans) {
    const clipped = { ...span, from: later(span.from, from), to: earlier(span.to, to) };
    if (clipped.from >= clipped.to) continue;
    end = later(end, clipped.to);
    const last = kept.at(-1);
    if (last?.state === clipped.state && last.to >= clipped.from) last.to = later(last.to, clipped.to);
    else if (clipped.state !== 'empty') kept.push(clipped);
  }
  const items = kept.slice(0, limit);
  const next = kept.length > limit ? (items.at(-1)?.to ?? to) : end;
  return { items, nextCursor: next > from && next < to ? Buffer.from(next).toString('base64url') : null };
};

// All of one form, so that their order is that of the texts.
const later = (one: string, other: string): string => (one > other ? one : other);
const earlier = (one: string, other: string): string => (one < other ? one : other);
