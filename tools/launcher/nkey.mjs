import { generateKeyPairSync } from 'node:crypto';

/** Prefix bytes of https://docs.nats.io NKEYS: seed, user. */
const SEED = 18 << 3;
const USER = 20 << 3;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * A new user's key pair in the text forms of NATS: Ed25519, base32, CRC-16.
 * @returns {{ seed: string, publicKey: string }} `seed` begins with SU, `publicKey` with U
 */
export function createUserNkey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  // The seed's prefix carries the type of the key in the bits after its own five.
  const seedPrefix = Buffer.from([SEED | (USER >> 5), (USER & 31) << 3]);
  return {
    seed: encode(Buffer.concat([seedPrefix, seed])),
    publicKey: encode(Buffer.concat([Buffer.from([USER]), key])),
  };
}

/** @param {Buffer} body */
function encode(body) {
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc16(body));
  return base32(Buffer.concat([body, checksum]));
}

/**
 * CRC-16/XMODEM.
 * @param {Buffer} bytes
 */
function crc16(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/**
 * RFC 4648 without padding.
 * @param {Buffer} bytes
 */
function base32(bytes) {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}
