/** Credit is a promise: bytes are reserved here before they are granted to the peer (SPEC.md rule 3). */
export class Budget {
  private reserved = 0;

  /** @param parent of the process: what is reserved here is reserved there too */
  constructor(
    readonly limitBytes: number,
    private readonly parent?: Budget,
  ) {}

  get reservedBytes(): number {
    return this.reserved;
  }

  /**
   * Reserves `wanted` bytes while less than half of the budget is taken, and down to `least` after that: the second
   * half is kept for channels still to come. @returns bytes reserved, 0 when not even `least` is left.
   */
  reserve(wanted: number, least: number): number {
    const bytes = Math.max(least, Math.min(wanted, this.limitBytes / 2 - this.reserved));
    if (this.reserved + bytes > this.limitBytes) return 0;
    const granted = this.parent === undefined ? bytes : this.parent.reserve(bytes, least);
    this.reserved += granted;
    return granted;
  }

  /** For windows that grow; takes from the first half only. */
  grow(wanted: number): number {
    return this.reserve(wanted, 0);
  }

  release(bytes: number): void {
    this.reserved -= bytes;
    this.parent?.release(bytes);
  }
}
