import type { RecordedRange } from '@app/media';
import type { TimelineSpan, TimelineState } from '../site/site-connector.js';

/** Cuts `known` to the range, joins neighbours of one state and fills what is between: spans that touch each other. */
export const fillTimeline = (
  { fromMs, toMs }: RecordedRange,
  known: readonly TimelineSpan[],
  between: TimelineState,
): TimelineSpan[] => {
  const spans: TimelineSpan[] = [];
  const add = (span: TimelineSpan): void => {
    if (span.toMs <= span.fromMs) return;
    const last = spans.at(-1);
    if (last?.state === span.state) last.toMs = span.toMs;
    else spans.push({ ...span });
  };
  let atMs = fromMs;
  for (const span of known.toSorted((one, other) => one.fromMs - other.fromMs)) {
    const [start, end] = [Math.max(span.fromMs, atMs), Math.min(span.toMs, toMs)];
    if (end <= start) continue;
    add({ fromMs: atMs, toMs: start, state: between });
    add({ fromMs: start, toMs: end, state: span.state });
    atMs = end;
  }
  add({ fromMs: atMs, toMs, state: between });
  return spans;
};
