import type { StreamUsage } from '@app/contracts';
import { z } from 'zod';
import { rate } from './rate.js';

const WANTED = 'expected a rate such as "4 Mbit/s", a part of the limit such as "80 %", or "unlimited"';
const FULL_PERCENT = 100;

/** What video may take of the uplink: a rate in bits per second, or a part of the limit in force. */
export type Share = { bitsPerSecond: number } | { fraction: number };

const share = z.string({ error: WANTED }).transform((text, context): Share => {
  const percent = Number(/^(\d{1,3}) ?%$/.exec(text)?.[1] ?? Number.NaN);
  if (percent >= 1 && percent <= FULL_PERCENT) return { fraction: percent / FULL_PERCENT };
  const parsed = rate.safeParse(text);
  if (parsed.success) return { bitsPerSecond: parsed.data };
  context.addIssue(WANTED);
  return z.NEVER;
});

const NONE: Share = { bitsPerSecond: Number.POSITIVE_INFINITY };

/** Members of `uplink` in `agent.yaml` that are about video. */
export const videoMembers = {
  /** Of all live video together; a stream beyond it is refused, or begins in its low resolution. */
  live: share.default(NONE),
  /** Of all recordings together. */
  playback: share.default(NONE),
  /** Viewers that ask for one of these get the low resolution while the line does not bear the high one. */
  adaptive: z.array(z.enum(['automatic', 'live'])).default(['automatic']),
};

/** Bits per second, Infinity where nothing is limited. */
export interface VideoShares {
  live: number;
  playback: number;
  adaptive: ReadonlySet<StreamUsage>;
}

export const NO_SHARES: VideoShares = {
  live: Number.POSITIVE_INFINITY,
  playback: Number.POSITIVE_INFINITY,
  adaptive: new Set<StreamUsage>(['automatic']),
};

/** @param limit bits per second that are in force, Infinity for none */
export const sharesOf = (
  policy: { live: Share; playback: Share; adaptive: readonly StreamUsage[] },
  limit: number,
): VideoShares => ({
  live: rateOf(policy.live, limit),
  playback: rateOf(policy.playback, limit),
  adaptive: new Set(policy.adaptive),
});

const rateOf = (of: Share, limit: number): number => ('fraction' in of ? of.fraction * limit : of.bitsPerSecond);
