/** From the first attempt on; what is not taken by then has failed. */
export const GIVE_UP_SECONDS = 24 * 3_600;
const FIRST_SECONDS = 5;
const FACTOR = 3;
const LONGEST_SECONDS = 4 * 3_600;
const JITTER = 0.2;

/**
 * 5 s, 15 s, 45 s … 4 h, each by up to a fifth more or less, so that what failed together does not come back together.
 * @param attempts made so far, from 1
 * @param ageSeconds since the first attempt was due
 * @param askedSeconds the receiver's own Retry-After
 * @returns seconds, or null when it is too late for another attempt
 */
export const retryAfter = (
  attempts: number,
  ageSeconds: number,
  askedSeconds = 0,
  random: () => number = Math.random,
): number | null => {
  const base = Math.min(FIRST_SECONDS * FACTOR ** Math.max(0, attempts - 1), LONGEST_SECONDS);
  const wait = Math.max(base * (1 - JITTER + 2 * JITTER * random()), Math.min(askedSeconds, LONGEST_SECONDS));
  return ageSeconds + wait > GIVE_UP_SECONDS ? null : wait;
};
