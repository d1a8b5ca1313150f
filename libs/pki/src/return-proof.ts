import { sign, type KeyObject } from 'node:crypto';
import { proofBytes, signatureHolds, type ProofSubject } from './proof.js';

export const RETURN_PROOF_LABEL = 'return-v1';

/** `"return-v1" || what the proofs of an enrolment cover`; raises `proof-malformed` for a part of the wrong size. */
function returnProofBytes(subject: ProofSubject): Buffer {
  return Buffer.concat([Buffer.from(RETURN_PROOF_LABEL), proofBytes(subject)]);
}

/** By the key of an identity that comes back: a keyfile that was made for its return is worth nothing without it. */
export function createReturnProof(subject: ProofSubject, identityKey: KeyObject): string {
  return sign('sha256', returnProofBytes(subject), identityKey).toString('base64');
}

/** @param identitySpki DER SubjectPublicKeyInfo of a certificate that the issuer has on record */
export function verifyReturnProof(subject: ProofSubject, proof: string, identitySpki: Buffer): boolean {
  return signatureHolds(returnProofBytes(subject), identitySpki, proof);
}
