import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A private P-256 key that signs but is never seen: a key file here, a KMS or an offline root elsewhere. */
export interface Signer {
  readonly publicKey: KeyObject;
  /** ECDSA with SHA-256 over the given bytes; a DER signature. May take long and may fail for a while. */
  sign(tbs: Uint8Array): Promise<Buffer>;
}

export function generateKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function privateKeyPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

export class KeySigner implements Signer {
  readonly publicKey: KeyObject;
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = createPublicKey(key);
  }

  sign(tbs: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      sign('sha256', tbs, this.#key, (error, signature) => (error ? reject(error) : resolve(signature)));
    });
  }
}

export async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
