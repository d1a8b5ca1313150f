export interface BackOffOptions {
  firstMs: number;
  maxMs: number;
}

/** Delay before attempt `attempt` (0 is the first repetition): doubles from `firstMs` to `maxMs`, ± 20 % so that many hubs do not beat in step. */
export function backOffMs(attempt: number, options: BackOffOptions, random: () => number = Math.random): number {
  const plain = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 20));
  return plain * (0.8 + 0.4 * random());
}
