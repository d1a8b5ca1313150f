import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = { 'kbit/s': 1e3, 'Mbit/s': 1e6 };
/** Below it a frame and its framing are more than a cap allows itself in one go. */
const LEAST = 128e3;
const MOST = 100e9;
const UNLIMITED = 'unlimited';
const WANTED = 'expected a rate with its unit, such as "10 Mbit/s" or "512 kbit/s", or "unlimited"';

/** `10 Mbit/s`, `512kbit/s` or `unlimited`, as bits per second, the last as Infinity. */
export const rate = z.string({ error: WANTED }).transform((text, context): number => {
  if (text === UNLIMITED) return Number.POSITIVE_INFINITY;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?(kbit\/s|Mbit\/s)$/.exec(text) ?? [];
  const bitsPerSecond = Number(number) * (UNITS[unit] ?? 0);
  if (unit === '') context.addIssue(WANTED);
  else if (bitsPerSecond < LEAST) context.addIssue(`expected at least ${formatRate(LEAST)}, not ${text}`);
  else if (bitsPerSecond > MOST) context.addIssue(`expected at most ${formatRate(MOST)}, not ${text}`);
  return bitsPerSecond;
});

export const formatRate = (bitsPerSecond: number): string => {
  if (bitsPerSecond === Number.POSITIVE_INFINITY) return UNLIMITED;
  return bitsPerSecond < 1e6 ? `${bitsPerSecond / 1e3} kbit/s` : `${bitsPerSecond / 1e6} Mbit/s`;
};
