/** Bits of a raw byte sequence payload, most significant first (H.264 and H.265, 7.3). Reading past the end gives zeros. */
export class BitReader {
  #at = 0;

  /** Takes the emulation prevention bytes out (H.264 7.4.1). */
  constructor(private readonly bytes: Buffer) {
    const plain: number[] = [];
    for (let i = 0; i < bytes.length; i++) {
      const isEscape = bytes[i] === 3 && i >= 2 && bytes[i - 1] === 0 && bytes[i - 2] === 0;
      if (!isEscape) plain.push(bytes[i] ?? 0);
    }
    this.bytes = Buffer.from(plain);
  }

  get isOver(): boolean {
    return this.#at > this.bytes.length * 8;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      value = value * 2 + (((this.bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
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

  /** ue(v), 9.1 */
  unsigned(): number {
    let zeros = 0;
    while (zeros < 32 && !this.isOver && !this.flag()) zeros++;
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v), 9.1.1 */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
