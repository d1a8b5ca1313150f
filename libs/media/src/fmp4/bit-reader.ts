/** Reads the raw byte sequence of a NAL unit bit by bit (H.264 section 7.2); beyond its end come zeros. */
export class BitReader {
  readonly #data: Buffer;
  #at = 0;

  /** @param unit a NAL unit, whose emulation prevention bytes are taken out here */
  constructor(unit: Buffer) {
    const bytes: number[] = [];
    let zeros = 0;
    for (const byte of unit) {
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      bytes.push(byte);
      zeros = byte === 0 ? zeros + 1 : 0;
    }
    this.#data = Buffer.from(bytes);
  }

  /** `count` at most 32. */
  bits(count: number): number {
    let value = 0;
    for (let n = 0; n < count; n++) {
      const bit = ((this.#data[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1;
      value = value * 2 + bit;
      this.#at++;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Exp-Golomb, unsigned (H.264 section 9.1). */
  ue(): number {
    let zeros = 0;
    while (zeros < 31 && !this.flag()) zeros++;
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb, signed. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** Bytes of the sequence, emulation prevention taken out. */
  bytes(start: number, end: number): Buffer {
    return this.#data.subarray(start, end);
  }
}
