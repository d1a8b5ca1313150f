import { createPrivateKey } from 'node:crypto';
import { generateKey, KeySigner, privateKeyPem } from '../authority/signer.js';
import { issueRoot } from '../authority/certificate.js';
import { certificatePem } from '../pem.js';
import { pinOf, spkiOf } from '../spki.js';

/** Nobody checks the dates of a pinned certificate; they only must not trip a foreign reader. */
const LIFETIME_MS = 10 * 365 * 24 * 60 * 60 * 1000;

export interface SiteCertificate {
  /** PEM, PKCS#8. */
  key: string;
  /** PEM, self-signed. */
  certificate: string;
  /** DER SubjectPublicKeyInfo: what the enrolment reports. */
  spki: Buffer;
  /** base64url of SHA-256 over `spki`: what clients of the site check. */
  pin: string;
}

/** The certificate of a site's own servers. Its key is its identity; `keyPem` keeps the key of an earlier one. */
export async function createSiteCertificate(
  now: Date,
  keyPem = privateKeyPem(generateKey()),
): Promise<SiteCertificate> {
  const signer = new KeySigner(createPrivateKey(keyPem));
  const profile = {
    usage: 'server',
    commonName: 'Adit site',
    organization: 'Adit',
    names: [{ dns: 'site.adit.internal' }],
    lifetimeMs: LIFETIME_MS,
  } as const;
  const certificate = await issueRoot({ ...profile, names: [...profile.names] }, signer, now);
  const spki = spkiOf(signer.publicKey);
  return { key: keyPem, certificate: certificatePem(certificate.raw), spki, pin: pinOf(spki) };
}
