import type { Finding } from './finding.js';
import { ok } from './finding.js';

export interface ClockEvidence {
  nowMs: number;
  /** Instants that lie in the past for a right clock: when a keyfile or certificate was made. */
  past: Date[];
  /** Instants that lie in the future: when the broker's certificate ends. */
  future: Date[];
  /** Measured by a running agent at its last WELCOME. */
  skewMs?: number | undefined;
}

/** Certificates are backdated by this much: a clock that is further behind does not work. */
const TOLERANCE_MS = 5 * 60_000;
const NOTABLE_MS = 10_000;
const ADVICE = "Set this machine's clock right, best by NTP; nothing was changed";

/** The exact difference once a tunnel has been up, before that what the dates of the certificates prove. */
export const checkClock = ({ nowMs, past, future, skewMs }: ClockEvidence): Finding => {
  const local = new Date(nowMs).toISOString();
  if (skewMs !== undefined) return bySkew(skewMs, local);
  const behindMs = Math.max(0, ...past.map((date) => date.getTime() - nowMs));
  if (behindMs > 0) return wrong('clock-behind', local, `at least ${span(behindMs)} behind the cloud`);
  const aheadMs = Math.max(0, ...future.map((date) => nowMs - date.getTime()));
  if (aheadMs > 0) return wrong('clock-ahead', local, `${span(aheadMs)} past the end of the broker's certificate`);
  const proof =
    past.length + future.length > 0 ? 'agrees with the dates of the certificates' : 'nothing to compare with';
  return ok('clock', local, 'clock-ok', proof);
};

const bySkew = (skewMs: number, local: string): Finding => {
  const size = Math.abs(skewMs);
  const detail = `${span(size)} ${skewMs < 0 ? 'behind' : 'ahead of'} the cloud`;
  if (size >= TOLERANCE_MS) return wrong(skewMs < 0 ? 'clock-behind' : 'clock-ahead', local, detail);
  if (size < NOTABLE_MS) return ok('clock', local, 'clock-ok', detail);
  return { ...wrong('clock-skewed', local, detail), level: 'warning' };
};

const wrong = (code: string, local: string, detail: string): Finding => ({
  subject: 'clock',
  target: local,
  code,
  level: 'failure',
  detail,
  advice: ADVICE,
});

const span = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
};
