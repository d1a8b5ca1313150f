import { z } from 'zod';
import { rate } from './rate.js';
import { videoMembers } from './video-shares.js';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const DAY_MINUTES = 24 * 60;
const DAYS_WANTED = 'expected a day or a range of days, such as mon or mon-fri';
const TIME_WANTED = 'expected a time of day, such as "08:00"';

/** `mon` or `fri-mon`. @returns 0 (Monday) to 6 */
const days = z.string({ error: DAYS_WANTED }).transform((text, context): number[] => {
  const [first, last, ...more] = text.split('-').map((name) => (DAYS as readonly string[]).indexOf(name));
  if (first === undefined || first === -1 || last === -1 || more.length > 0) {
    context.addIssue(DAYS_WANTED);
    return [];
  }
  const count = last === undefined ? 1 : ((last - first + DAYS.length) % DAYS.length) + 1;
  return Array.from({ length: count }, (_, index) => (first + index) % DAYS.length);
});

/** Minutes since midnight. */
const time = z.string({ error: TIME_WANTED }).transform((text, context): number => {
  const [, hours = '', minutes = ''] = /^(\d\d):([0-5]\d)$/.exec(text) ?? [];
  const value = Number(hours) * 60 + Number(minutes);
  if (hours === '' || value > DAY_MINUTES) context.addIssue(TIME_WANTED);
  return value;
});

const rule = z
  .strictObject({
    days: z.array(days).min(1).default([]),
    from: time.default(0),
    to: time.default(DAY_MINUTES),
    limit: rate,
  })
  .refine(({ from, to }) => from % DAY_MINUTES !== to, { path: ['to'], error: 'expected another time than from' });
type Rule = z.infer<typeof rule>;

/**
 * How much of its uplink the site gives away. The first line of the schedule that fits the moment decides, by the
 * machine's local time; where none fits, `limit` does.
 */
export const uplinkPolicy = z.strictObject({
  limit: rate.default(Number.POSITIVE_INFINITY),
  schedule: z.array(rule).max(64).default([]),
  ...videoMembers,
});
export type UplinkPolicy = z.infer<typeof uplinkPolicy>;

export interface LimitInForce {
  /** Infinity: none. */
  bitsPerSecond: number;
  /** Place in the schedule, from 0; undefined: the limit outside it. */
  line: number | undefined;
}

export const limitAt = ({ limit, schedule }: Pick<UplinkPolicy, 'limit' | 'schedule'>, moment: Date): LimitInForce => {
  const day = (moment.getDay() + 6) % 7;
  const minute = moment.getHours() * 60 + moment.getMinutes();
  const line = schedule.findIndex((each) => fits(each, day, minute));
  const found = schedule[line];
  return found === undefined ? { bitsPerSecond: limit, line: undefined } : { bitsPerSecond: found.limit, line };
};

/** A line that goes past midnight belongs to the day on which it begins. */
const fits = ({ days: onDays, from, to }: Rule, day: number, minute: number): boolean => {
  const on = (each: number): boolean => onDays.length === 0 || onDays.flat().includes(each);
  if (from < to) return on(day) && minute >= from && minute < to;
  return (on(day) && minute >= from) || (on((day + 6) % 7) && minute < to);
};
