import type { ConnectionFault, SiteCondition, SiteOutage } from '@app/contracts';
import type { ReportedOutage } from '@app/persistence';

/** Nobody asks for what was longer ago; whatever a site's clock says is put into this time. */
const OLDEST_MS = 10 * 365 * 86_400_000;

/** What no text of the database or of a terminal is to have: control characters, those that turn lines around, half a pair. */
const UNWANTED = /[\p{Cc}\p{Bidi_Control}\p{Surrogate}]/gu;

/** Names of causes and of faults are words: what is left of another one is one too. */
const named = (text: string): string => cleaned(text) || 'unknown';

const cleaned = (text: string): string => text.replace(UNWANTED, '');

/** Puts times of a site's clock onto ours. */
export class SiteClock {
  /** @param skewMs the site's clock minus ours, as we have measured it; null: taken as right */
  constructor(
    private readonly skewMs: number | null,
    private readonly nowMs: number,
  ) {}

  /** Never in the future, and not before our memory. */
  at(instant: string, addMs = 0): number {
    const ms = Date.parse(instant) + addMs - (this.skewMs ?? 0);
    return Math.min(Math.max(ms, this.nowMs - OLDEST_MS), this.nowMs);
  }

  /**
   * A clock that was set forward in between told the beginning by the time before. One that was set back, the site has taken
   * into account: nothing that it tells ends before it begins.
   */
  outage({ id, from, to, cause, faults, restarts, clockJumpMs }: SiteOutage): ReportedOutage {
    const endedMs = this.at(to);
    const beganMs = Math.min(this.at(from, Math.max(0, clockJumpMs)), endedMs);
    return {
      id,
      beganAt: new Date(beganMs),
      endedAt: new Date(endedMs),
      cause: named(cause),
      faults: faults.map((fault) => this.fault(fault, beganMs, endedMs)),
      restarts,
      clockJumpMs,
    };
  }

  condition({ agentVersion, startedAt, ...condition }: SiteCondition): SiteCondition {
    return { agentVersion: cleaned(agentVersion), startedAt: new Date(this.at(startedAt)).toISOString(), ...condition };
  }

  private fault(fault: ConnectionFault, beganMs: number, endedMs: number): ConnectionFault {
    const within = (instant: string): string =>
      new Date(Math.min(Math.max(this.at(instant), beganMs), endedMs)).toISOString();
    const { code, endpoint, detail, count, firstAt, lastAt } = fault;
    const [first, last] = [within(firstAt), within(lastAt)];
    return {
      code: named(code),
      endpoint: cleaned(endpoint),
      detail: cleaned(detail),
      count,
      firstAt: first < last ? first : last,
      lastAt: last,
    };
  }
}
