export interface Quantiles {
  p50: number;
  p95: number;
}

/** The last values of a figure, at most `size` of them. */
export class RecentValues {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size = 256) {
    this.#values = new Float64Array(size);
  }

  add(value: number): void {
    this.#values[this.#count++ % this.#values.length] = value;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Undefined without a value. */
  smallest(): number | undefined {
    const count = Math.min(this.#count, this.#values.length);
    return count === 0 ? undefined : Math.min(...this.#values.subarray(0, count));
  }

  /** Undefined without a value. */
  quantiles(): Quantiles | undefined {
    return quantilesOf(this.#values.slice(0, Math.min(this.#count, this.#values.length)));
  }
}

/** Undefined without a value. */
export function quantilesOf(values: Iterable<number>): Quantiles | undefined {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)];
  return sorted.length === 0 ? undefined : { p50: at(0.5), p95: at(0.95) };
}
