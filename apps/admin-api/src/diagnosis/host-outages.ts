import type { TunnelSpan } from '@app/persistence';

/** A time without any session of a site, as the brokers have seen it. */
export interface HostOutage {
  from: Date;
  /** Null: it lasts. */
  to: Date | null;
  /** Why the last session before it ended; null where nobody has said so yet. */
  reason: string | null;
}

/** What lies between sessions, oldest first; sessions may overlap. Before the first one nothing was lost. */
export const outagesBetween = (spans: readonly TunnelSpan[]): HostOutage[] => {
  const outages: HostOutage[] = [];
  let last: TunnelSpan | undefined;
  for (const span of spans.toSorted((one, other) => one.openedAt.getTime() - other.openedAt.getTime())) {
    if (last?.endedAt && span.openedAt > last.endedAt) {
      outages.push({ from: last.endedAt, to: span.openedAt, reason: last.closeReason });
    }
    if (last === undefined || endOf(span) >= endOf(last)) last = span;
  }
  if (last?.endedAt) outages.push({ from: last.endedAt, to: null, reason: last.closeReason });
  return outages;
};

const endOf = ({ endedAt }: TunnelSpan): number => endedAt?.getTime() ?? Infinity;
