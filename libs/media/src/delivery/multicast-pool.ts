import { isIPv4 } from 'node:net';

/** Group addresses of this redirector. One that was given back is taken again last: late receivers must not see another camera. */
export class MulticastPool {
  readonly #first: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** A range of IPv4 group addresses, for example `239.192.7.0/24`. @throws RangeError */
  constructor(readonly cidr: string) {
    const [, address = '', length = ''] = /^([0-9.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
    const prefix = Number(length);
    if (!isIPv4(address) || prefix < 8 || prefix > 32) throw new RangeError(`${cidr} is no range of group addresses`);
    const octets = address.split('.').map(Number);
    this.#size = 2 ** (32 - prefix);
    this.#first = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    const [top = 0] = octets;
    if (top < 224 || top > 239 || this.#first % this.#size !== 0)
      throw new RangeError(`${cidr} is no range of group addresses`);
  }

  /** @returns undefined when all are in use */
  take(): string | undefined {
    for (let tried = 0; tried < this.#size; tried++) {
      const offset = this.#next++ % this.#size;
      if (this.#used.has(offset)) continue;
      this.#used.add(offset);
      const number = this.#first + offset;
      return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
    }
    return undefined;
  }

  giveBack(address: string): void {
    const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
    this.#used.delete(number - this.#first);
  }
}
