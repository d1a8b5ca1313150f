import { DomainError, type ErrorCode } from '@app/contracts';
import {
  spkiOf,
  spkiSha256,
  tokenSha256,
  verifyProofs,
  verifyReturnProof,
  type EnrolmentProofs,
  type ProofSubject,
} from '@app/pki';
import { timingSafeEqual, X509Certificate } from 'node:crypto';
import type { Identity, TokenRow } from './enrolment.repository.js';

/**
 * Whether the request comes from who holds this keyfile: its token, its claim key and the new key, on this connection.
 * Everything is held against the issuer's own record, so that a broker cannot steal an enrolment.
 * Raises `enrolment-token-mismatch`, `enrolment-bad-proof` or `enrolment-bad-csr`.
 */
export function requireHolder(row: TokenRow | undefined, subject: ProofSubject, proofs: EnrolmentProofs): TokenRow {
  if (row === undefined || !timingSafeEqual(row.tokenHash, tokenSha256(subject.token))) {
    throw new DomainError('enrolment-token-mismatch', 'the token does not belong to this keyfile');
  }
  if (subject.csrSpki.equals(row.claimSpki)) {
    throw new DomainError('enrolment-bad-csr', 'the claim key cannot become the identity key');
  }
  if (!verifyProofs(subject, proofs, row.claimSpki)) {
    throw new DomainError('enrolment-bad-proof', 'a proof does not hold for this keyfile, key and connection');
  }
  return row;
}

/** @returns the one of the certificates whose key has signed the proof of a return */
export function signerOfReturn(
  subject: ProofSubject,
  proof: string | undefined,
  identities: readonly Identity[],
): Identity | undefined {
  if (proof === undefined) return undefined;
  return identities.find(({ der }) => verifyReturnProof(subject, proof, spkiOf(new X509Certificate(der).publicKey)));
}

/** What a token that could not be claimed means to the one who asked. `resume` is the same key again. */
export type Standing = 'resume' | Refusal;
export interface Refusal {
  code: ErrorCode;
  detail: string;
}

export function standingOf(row: TokenRow, csrSpki: Buffer): Standing {
  const sameKey = row.csrSpki !== null && timingSafeEqual(spkiSha256(row.csrSpki), spkiSha256(csrSpki));
  switch (row.state) {
    case 'revoked':
      return refusal('enrolment-revoked', 'the keyfile was revoked; ask for another one');
    case 'issued':
      return refusal('enrolment-expired', 'the keyfile has expired; ask for another one');
    case 'claimed':
    case 'redeemed':
      return sameKey ? 'resume' : contended();
    case 'closed':
      return sameKey
        ? refusal('enrolment-closed', 'the keyfile has served its purpose: the site has its certificate')
        : contended();
  }
}

function refusal(code: ErrorCode, detail: string): Refusal {
  return { code, detail };
}

function contended(): Refusal {
  return { code: 'enrolment-used', detail: 'the keyfile was used already, by another key' };
}
