import type { X509Certificate } from 'node:crypto';

/**
 * Whether `ca` itself, by its key, issued the certificate. A pin on top of the chain that the TLS handshake has
 * already verified (it says which CA of ours signed); never a replacement for that verification.
 */
export function isIssuedDirectlyBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.issuer === ca.subject && certificate.verify(ca.publicKey);
}
