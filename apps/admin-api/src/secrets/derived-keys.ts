import { hkdfSync } from 'node:crypto';

const KEY_BYTES = 32;

/** Symmetric keys of this app, each for one purpose, from the private key that all its replicas share. */
export class DerivedKeys {
  readonly #secret: string;

  /** @param privateKey a JWK with its private part `d` */
  constructor(privateKey: object) {
    const { d } = privateKey as { d?: unknown };
    if (typeof d !== 'string' || d === '') throw new Error('the key has no private part');
    this.#secret = d;
  }

  /** @returns 32 bytes; the same for the same purpose, after every restart */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, '', `adit admin-api ${purpose}`, KEY_BYTES));
  }
}
