const HEADER_BYTES = 8;
/** Of `prft` version 1, from its size on: version and flags, track, NTP time, media time. */
const REFERENCE_BYTES = 32;
const SECONDS_1900_TO_1970 = 2_208_988_800;

/**
 * Looks at the boxes of a fragmented MP4 while it passes (ISO/IEC 14496-12 section 4.2): how far the recording is, and whether the
 * file has its end.
 */
export class Mp4Boxes {
  /** When what passed last was recorded, milliseconds since 1970; undefined before the first picture. */
  recordedMs: number | undefined;
  #pending = Buffer.alloc(0);
  /** Bytes until the next box. */
  #skip = 0;
  #inIndex = false;

  /** The index that stands at the end of a whole file has passed, with nothing behind it. */
  get isWhole(): boolean {
    return this.#inIndex && this.#skip === 0 && this.#pending.length === 0;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const skipped = Math.min(this.#skip, chunk.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (at >= chunk.length) return;
      const wanted = this.#wanted();
      const taken = Math.min(wanted - this.#pending.length, chunk.length - at);
      this.#pending = Buffer.concat([this.#pending, chunk.subarray(at, at + taken)]);
      at += taken;
      if (this.#pending.length === this.#wanted()) this.#take();
    }
  }

  /** Bytes of the next box that are looked at. */
  #wanted(): number {
    return this.#pending.length >= HEADER_BYTES && this.#type() === 'prft' ? REFERENCE_BYTES : HEADER_BYTES;
  }

  #type(): string {
    return this.#pending.toString('latin1', 4, 8);
  }

  #take(): void {
    const box = this.#pending;
    this.#pending = Buffer.alloc(0);
    const type = box.toString('latin1', 4, 8);
    if (type === 'prft') {
      const seconds = box.readUInt32BE(16) - SECONDS_1900_TO_1970;
      this.recordedMs = seconds * 1_000 + (box.readUInt32BE(20) / 2 ** 32) * 1_000;
    }
    this.#skip = Math.max(0, box.readUInt32BE(0) - box.length);
    this.#inIndex = type === 'mfra';
  }
}
