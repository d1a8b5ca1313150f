/** Buffers of one size that are used again and again: nothing on the hot path is left to the garbage collector. */
export class SlabPool {
  private readonly free: Buffer[] = [];

  /** @param keepBytes of free slabs; what is returned beyond goes back to the system */
  constructor(
    readonly slabBytes: number,
    private readonly keepBytes: number,
  ) {}

  get freeBytes(): number {
    return this.free.length * this.slabBytes;
  }

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(this.slabBytes);
  }

  /** The caller holds no view of it any more. */
  give(slab: Buffer): void {
    if (this.freeBytes < this.keepBytes) this.free.push(slab);
  }
}

const KIB = 1024;

/** What channels have sent and the peer has not acknowledged. Small, as an almost empty one is held by every busy channel. */
export const SEND_SLABS = new SlabPool(16 * KIB, 16 * KIB * KIB);
/** What one write to a transport carries; a multiple of a TLS record. */
export const WRITE_SLABS = new SlabPool(128 * KIB, 8 * KIB * KIB);
