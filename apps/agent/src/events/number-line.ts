/** Numbers that were never given: `size` of them after `after`. */
export interface Gap {
  after: number;
  size: number;
}

/**
 * Which numbers this store has given. Those of one process run without a gap, so that what is missing between two kept
 * events was discarded; each process begins at the clock of its start, so that a store that was lost, or came back from
 * a backup, does not give a number again.
 */
export class NumberLine {
  /** @param gaps in their order @param first the first number of all */
  constructor(
    readonly first: number,
    readonly gaps: readonly Gap[],
  ) {}

  /** How many numbers of (`after`, `upTo`] were given. */
  given(after: number, upTo: number): number {
    const from = Math.max(after, this.first - 1);
    if (upTo <= from) return 0;
    let count = upTo - from;
    for (let index = this.gaps.length - 1; index >= 0; index -= 1) {
      const gap = this.gaps[index];
      if (gap === undefined || gap.after + gap.size <= from) break;
      count -= Math.max(0, Math.min(gap.after + gap.size, upTo) - Math.max(gap.after, from));
    }
    return count;
  }

  /** Whether a host that has this number can have it from here. */
  isGiven(sequence: number, last: number): boolean {
    return sequence >= this.first && sequence <= last && this.given(sequence - 1, sequence) === 1;
  }
}
