/** Credit is a promise: bytes are reserved here before they are granted to the peer (SPEC.md rule 3). */
export class Budget {
  private reserved = 0;

  constructor(private readonly limitBytes: number) {}

  get reservedBytes(): number {
    return this.reserved;
  }

  /** Reserves up to `wanted`, but nothing at all when less than `least` is left. @returns bytes reserved. */
  reserve(wanted: number, least = wanted): number {
    const bytes = Math.min(wanted, this.limitBytes - this.reserved);
    if (bytes < least) return 0;
    this.reserved += bytes;
    return bytes;
  }

  release(bytes: number): void {
    this.reserved -= bytes;
  }
}
