import { isIP } from 'node:net';
import { issueRoot } from '../authority/certificate.js';
import { generateKey, KeySigner, privateKeyPem } from '../authority/signer.js';
import { certificatePem } from '../pem.js';

/** Clients trust this very certificate: its end would be an outage, its dates prove nothing. */
const LIFETIME_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/**
 * A server's certificate that nobody vouches for.
 * @param names DNS names and addresses by which clients reach it, the best first
 * @returns key (PKCS#8) and certificate in PEM
 */
export async function createSelfSigned(
  names: readonly string[],
  organization: string,
  now: Date,
): Promise<{ key: string; certificate: string }> {
  const key = generateKey();
  const profile = {
    usage: 'server' as const,
    // RFC 5280 caps a common name at 64 characters; verification reads the names only.
    commonName: (names[0] ?? organization).slice(0, 64),
    organization,
    names: names.map((name) => (isIP(name) === 0 ? { dns: name } : { ip: name })),
    lifetimeMs: LIFETIME_MS,
  };
  const certificate = await issueRoot(profile, new KeySigner(key), now);
  return { key: privateKeyPem(key), certificate: certificatePem(certificate.raw) };
}
