import { createHash } from 'node:crypto';

/** Crockford's base32: no I, L, O or U, so that a fingerprint can be read out over the telephone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHARACTERS = 12;

/**
 * What the console and the agent both show before an enrolment: 60 bits over root and keyfile, as `XXXX-XXXX-XXXX`.
 * A keyfile with an exchanged root gives another one. `rootPin` is base64url, see `pinOf`.
 */
export function keyfileFingerprint(rootPin: string, keyfileId: string): string {
  const digest = createHash('sha256').update(`adit-fingerprint-v1\n${rootPin}\n${keyfileId}`).digest();
  let bits = digest.readBigUInt64BE(0) >> 4n;
  let text = '';
  for (let index = 0; index < CHARACTERS; index += 1) {
    text = `${ALPHABET[Number(bits & 31n)]}${text}`;
    bits >>= 5n;
  }
  return (text.match(/.{4}/g) ?? []).join('-');
}

/** Compares what a person typed: case, spaces and hyphens do not count, and O, I, L are read as 0, 1, 1. */
export function isSameFingerprint(typed: string, fingerprint: string): boolean {
  return normalized(typed) === normalized(fingerprint);
}

function normalized(text: string): string {
  return text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}
