import { X509Certificate } from 'node:crypto';
import { PkiError } from './errors.js';
import { isP256Spki, spkiOf } from './spki.js';

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g;

/** One PEM block with 64-column lines and a final newline. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export function certificatePem(der: Uint8Array): string {
  return toPem('CERTIFICATE', der);
}

/** P-256 certificates of a PEM text in their order; raises `certificate-malformed` for anything else in it, or nothing. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE_BLOCK) ?? [];
  if (blocks.length === 0 || pem.replace(CERTIFICATE_BLOCK, '').trim() !== '') {
    throw new PkiError('certificate-malformed', 'The text is not a list of PEM certificates');
  }
  try {
    return blocks.map(readBlock);
  } catch (cause) {
    throw new PkiError('certificate-malformed', 'A PEM block does not hold a certificate', { cause });
  }
}

function readBlock(block: string): X509Certificate {
  const certificate = new X509Certificate(block);
  // The key is decoded when first asked for; a broken one must not surface later, where nobody expects it.
  if (!isP256Spki(spkiOf(certificate.publicKey))) throw new PkiError('spki-unsupported-key', 'Not a P-256 key');
  return certificate;
}

export function readCertificate(pem: string): X509Certificate {
  const [certificate, ...others] = readCertificates(pem);
  if (certificate === undefined || others.length > 0) {
    throw new PkiError('certificate-malformed', 'The text holds more than one certificate');
  }
  return certificate;
}
