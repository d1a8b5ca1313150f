import type { KeptOutage, RecordState } from '../record/index.js';
import { wordsFor } from './outage-words.js';

/** An outage with its reasons in words. */
export interface ToldOutage extends KeptOutage {
  /** Until now for one that lasts; what the clock was set by is taken off. */
  durationMs: number;
  /** The cloud knows of it. */
  sent: boolean;
  reason: string;
  /** About the fault that came most often, else about the cause. */
  advice: string;
}

/** Newest first. */
export const tellOutages = (record: RecordState, nowMs: number): ToldOutage[] =>
  record.outages.toReversed().map((outage) => ({
    ...outage,
    durationMs: durationOf(outage, nowMs),
    sent: record.isSent(outage.id),
    reason: wordsFor(outage.cause).reason,
    advice: wordsFor(blamed(outage)).advice,
  }));

const durationOf = ({ from, to, clockJumpMs }: KeptOutage, nowMs: number): number =>
  Math.max(0, (to === null ? nowMs : Date.parse(to)) - Date.parse(from) - clockJumpMs);

/** What kept the site from coming back says more than what ended its tunnel. */
const blamed = ({ cause, faults }: KeptOutage): string => {
  const tried = faults.filter(({ endpoint }) => endpoint !== '').toSorted((a, b) => b.count - a.count);
  return tried[0]?.code ?? cause;
};
