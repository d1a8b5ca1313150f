const HOUR_MS = 3_600_000;
/** From here on hours do not matter. */
const LONG_MS = 10 * 86_400_000;
const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: HOUR_MS },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
];

/** `3 min ago`, `in 6 d`; `-` for never. */
export const relative = (instant: string | null | undefined, now = Date.now()): string => {
  if (instant === null || instant === undefined) return '-';
  const ms = Date.parse(instant) - now;
  if (Number.isNaN(ms)) return instant;
  const text = duration(Math.abs(ms));
  if (text === undefined) return 'now';
  return ms < 0 ? `${text} ago` : `in ${text}`;
};

/** The instant in local time, and how long ago it was. */
export const instant = (text: string | null | undefined, now = Date.now()): string => {
  if (text === null || text === undefined) return '-';
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : `${localTime(date)} (${relative(text, now)})`;
};

/** `2026-11-25 18:30:12`, local. */
export const localTime = (date: Date): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

/** `3 min`; `0 s` below a second. */
export const lasting = (ms: number): string => duration(ms) ?? '0 s';

/** Days and hours with what is left over, smaller units alone: `6 d 23 h`, `11 h 59 min`, `3 min`; undefined below a second. */
const duration = (ms: number): string | undefined => {
  const at = UNITS.findIndex((candidate) => ms >= candidate.ms);
  const [unit, next] = [UNITS[at], UNITS[at + 1]];
  if (unit === undefined) return undefined;
  const text = `${Math.floor(ms / unit.ms)} ${unit.name}`;
  const rest = next === undefined ? 0 : Math.floor((ms % unit.ms) / next.ms);
  return next === undefined || rest === 0 || unit.ms < HOUR_MS || ms >= LONG_MS ? text : `${text} ${rest} ${next.name}`;
};

const PARSED = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 } as const;

/** Seconds of `90s`, `30m`, `12h`, `7d`; undefined for anything else. */
export const parseDuration = (text: string): number | undefined => {
  const [, value, unit] = /^(\d{1,6})(s|m|min|h|d)$/.exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * PARSED[unit as keyof typeof PARSED];
};
