import { randomBytes, type X509Certificate } from 'node:crypto';

/**
 * A new serial as 32 hex digits: 16 random bytes, top bit clear (positive) and the next one set, so that the DER
 * integer always has its shortest form (RFC 5280, 4.1.2.2).
 */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** The serial as deny lists and the database write it: lower-case hex. */
export function serialOf(certificate: X509Certificate): string {
  return certificate.serialNumber.toLowerCase();
}
