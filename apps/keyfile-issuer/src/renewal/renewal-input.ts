import { DomainError, type enrolmentRenew } from '@app/contracts';
import { EXPORTER_BYTES, spkiOf, verifyRenewalProofs } from '@app/pki';
import { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { readKeyOf } from '../authority/authority.service.js';
import type { Renewable } from './renewal.repository.js';

export type RenewRequest = z.output<typeof enrolmentRenew.request>;

/** What a request says, in its one form; nothing is looked up yet. Raises `enrolment-malformed`, `enrolment-bad-csr`. */
export function readRenewal(request: RenewRequest): { exporter: Buffer; csrSpki: Buffer } {
  const exporter = Buffer.from(request.exporter, 'base64');
  if (exporter.length !== EXPORTER_BYTES) throw new DomainError('enrolment-malformed', 'the exporter is not one');
  return { exporter, csrSpki: readKeyOf(request.csr) };
}

/**
 * Whether the request comes from who holds the certificate's key and the new one, in this session. It is held against the
 * issuer's own record, so that a broker cannot renew for itself. Raises `enrolment-bad-csr`, `enrolment-bad-proof`.
 */
export function requireBothKeys(
  { der }: Renewable,
  read: ReturnType<typeof readRenewal>,
  proofs: RenewRequest['proofs'],
): void {
  const currentSpki = spkiOf(new X509Certificate(der).publicKey);
  if (currentSpki.equals(read.csrSpki)) throw new DomainError('enrolment-bad-csr', 'a renewal needs a new key');
  if (!verifyRenewalProofs({ ...read, currentSpki }, proofs)) {
    throw new DomainError('enrolment-bad-proof', 'a proof does not hold for these keys and this session');
  }
}

/** Raises the code that says why this certificate cannot be renewed. */
export function requireRenewable({ agentState, state, expired }: Renewable): void {
  if (agentState === 'locked') throw new DomainError('agent-locked', 'the agent is locked');
  if (agentState !== 'active') throw new DomainError('agent-revoked', 'the agent was revoked');
  if (expired) throw new DomainError('certificate-expired', 'the certificate is past its end');
  if (state !== 'current') {
    throw new DomainError('certificate-superseded', 'only the certificate in use can be renewed');
  }
}
