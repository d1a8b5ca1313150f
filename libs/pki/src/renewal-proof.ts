import { sign, type KeyObject } from 'node:crypto';
import { PkiError } from './errors.js';
import { EXPORTER_BYTES, signatureHolds } from './proof.js';
import { isP256Spki, spkiOf } from './spki.js';

/** As for an enrolment: 32 bytes, with an empty context; of the connection that opened the session. */
export const RENEW_EXPORTER_LABEL = 'EXPORTER-adit-renew-v1';
export const RENEW_PROOF_LABEL = 'renew-v1';

/** What both proofs of a renewal cover. All parts but the label have a fixed size, so no two readings exist. */
export interface RenewalSubject {
  /** Binds the proof to this one session. */
  exporter: Buffer;
  /** DER SubjectPublicKeyInfo of the certificate that is renewed. */
  currentSpki: Buffer;
  /** DER SubjectPublicKeyInfo of the key to be certified. */
  csrSpki: Buffer;
}

/** DER ECDSA-SHA256 signatures in base64. */
export interface RenewalProofs {
  newKey: string;
  currentKey: string;
}

/** `"renew-v1" || exporter || SPKI(current) || SPKI(csr)`; raises `proof-malformed` for a part of the wrong size. */
export function renewalProofBytes({ exporter, currentSpki, csrSpki }: RenewalSubject): Buffer {
  if (exporter.length !== EXPORTER_BYTES || !isP256Spki(currentSpki) || !isP256Spki(csrSpki)) {
    throw new PkiError('proof-malformed', 'A part of the renewal proof has a wrong size or form');
  }
  return Buffer.concat([Buffer.from(RENEW_PROOF_LABEL), exporter, currentSpki, csrSpki]);
}

/** Made on the site, by the key that is to be certified and by the one that is. */
export function createRenewalProofs(
  exporter: Buffer,
  keys: { newKey: KeyObject; currentKey: KeyObject },
): RenewalProofs {
  const bytes = renewalProofBytes({ exporter, currentSpki: spkiOf(keys.currentKey), csrSpki: spkiOf(keys.newKey) });
  const signed = (key: KeyObject): string => sign('sha256', bytes, key).toString('base64');
  return { newKey: signed(keys.newKey), currentKey: signed(keys.currentKey) };
}

/** Whether both signatures hold; `currentSpki` is the issuer's own record, never what the caller sent. */
export function verifyRenewalProofs(subject: RenewalSubject, proofs: RenewalProofs): boolean {
  const bytes = renewalProofBytes(subject);
  return (
    signatureHolds(bytes, subject.csrSpki, proofs.newKey) &&
    signatureHolds(bytes, subject.currentSpki, proofs.currentKey)
  );
}
