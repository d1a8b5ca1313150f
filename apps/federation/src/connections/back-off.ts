export interface BackOffOptions {
  firstMs: number;
  maxMs: number;
  /** 0…1 */
  random: () => number;
}

/** Doubles from `firstMs` to `maxMs`; the upper half is jitter, so that many roles do not return at once. */
export const backOffMs = (attempt: number, { firstMs, maxMs, random }: BackOffOptions): number => {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return full / 2 + random() * (full / 2);
};
