import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { PkiError } from './errors.js';
import { isP256Spki, readP256Spki, spkiOf } from './spki.js';

/** RFC 5705 / RFC 8446 7.5: both ends export 32 bytes under this label, with an empty context. */
export const ENROL_EXPORTER_LABEL = 'EXPORTER-adit-enrol-v1';
export const EXPORTER_BYTES = 32;
export const ENROL_PROOF_LABEL = 'enrol-v1';
export const TOKEN_BYTES = 32;

/** What both proofs of an enrolment cover. All parts but the label have a fixed size, so no two readings exist. */
export interface ProofSubject {
  /** Binds the proof to this one TLS connection. */
  exporter: Buffer;
  /** The 32 raw bytes of the keyfile's token. */
  token: Buffer;
  /** DER SubjectPublicKeyInfo of the key to be certified. */
  csrSpki: Buffer;
  /** DER SubjectPublicKeyInfo of the site's own TLS key. */
  siteTlsSpki: Buffer;
}

/** DER ECDSA-SHA256 signatures in base64. */
export interface EnrolmentProofs {
  newKey: string;
  claimKey: string;
}

export function tokenSha256(token: Buffer): Buffer {
  return createHash('sha256').update(token).digest();
}

/** `"enrol-v1" || exporter || SHA-256(token) || SPKI(csr) || siteTlsSpki`; raises `proof-malformed` for a part of the wrong size. */
export function proofBytes(subject: ProofSubject): Buffer {
  const { exporter, token, csrSpki, siteTlsSpki } = subject;
  const wellFormed =
    exporter.length === EXPORTER_BYTES &&
    token.length === TOKEN_BYTES &&
    isP256Spki(csrSpki) &&
    isP256Spki(siteTlsSpki);
  if (!wellFormed) throw new PkiError('proof-malformed', 'A part of the enrolment proof has a wrong size or form');
  return Buffer.concat([Buffer.from(ENROL_PROOF_LABEL), exporter, tokenSha256(token), csrSpki, siteTlsSpki]);
}

/** Made on the site: one signature by the new key, one by the claim key of the keyfile. */
export function createProofs(
  parts: Omit<ProofSubject, 'csrSpki'>,
  keys: { newKey: KeyObject; claimKey: KeyObject },
): EnrolmentProofs {
  const bytes = proofBytes({ ...parts, csrSpki: spkiOf(createPublicKey(keys.newKey)) });
  return {
    newKey: sign('sha256', bytes, keys.newKey).toString('base64'),
    claimKey: sign('sha256', bytes, keys.claimKey).toString('base64'),
  };
}

/** Whether both signatures hold; `claimSpki` is the issuer's own record of the claim key, never what the caller sent. */
export function verifyProofs(subject: ProofSubject, proofs: EnrolmentProofs, claimSpki: Buffer): boolean {
  const bytes = proofBytes(subject);
  return signatureHolds(bytes, subject.csrSpki, proofs.newKey) && signatureHolds(bytes, claimSpki, proofs.claimKey);
}

/** @param spki DER of a P-256 key. @param signature ECDSA-SHA256 (DER) in base64 */
export function signatureHolds(bytes: Buffer, spki: Buffer, signature: string): boolean {
  return verify('sha256', bytes, readP256Spki(spki), Buffer.from(signature, 'base64'));
}
