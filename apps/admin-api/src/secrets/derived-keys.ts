import { hkdfSync } from 'node:crypto';

const KEY_BYTES = 32;

/** Keys that another library encrypts with, each for one purpose, from the key that all replicas of this app share. */
export class DerivedKeys {
  readonly #secret: Buffer;

  /** @param fieldKey 32 bytes, outside the database */
  constructor(fieldKey: Buffer) {
    this.#secret = fieldKey;
  }

  /** @returns 32 bytes; the same for the same purpose, after every restart */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, '', `adit admin-api ${purpose}`, KEY_BYTES));
  }
}
