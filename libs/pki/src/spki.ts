import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { PkiError } from './errors.js';

/** SubjectPublicKeyInfo of an uncompressed P-256 point up to the point itself (RFC 5480); a whole one has 91 bytes. */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
export const P256_SPKI_BYTES = 91;

export function isP256Spki(der: Uint8Array): boolean {
  return der.length === P256_SPKI_BYTES && P256_PREFIX.equals(der.subarray(0, P256_PREFIX.length));
}

/** Reads one DER SubjectPublicKeyInfo; raises `spki-unsupported-key` unless it is a valid P-256 point in the one canonical form. */
export function readP256Spki(der: Buffer): KeyObject {
  if (!isP256Spki(der)) throw new PkiError('spki-unsupported-key', 'The public key is not an uncompressed P-256 key');
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new PkiError('spki-unsupported-key', 'The public key is not a point of the P-256 curve', { cause });
  }
}

/** DER SubjectPublicKeyInfo of a public key, or of the public half of a private one. */
export function spkiOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' });
}

/** The 32 raw bytes of SHA-256 over the DER SubjectPublicKeyInfo. */
export function spkiSha256(spki: Uint8Array): Buffer {
  return createHash('sha256').update(spki).digest();
}

/** The pin of a key: base64url of SHA-256 over its DER SubjectPublicKeyInfo (43 characters). */
export function pinOf(spki: Uint8Array): string {
  return spkiSha256(spki).toString('base64url');
}
