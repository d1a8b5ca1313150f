import { DomainError } from '@app/contracts';
import { homeOf, identityOf, notAfterOf, notBeforeOf, PkiError, serialOf, spkiOf, type AgentHome } from '@app/pki';
import { X509Certificate } from 'node:crypto';
import type { AuthorityService } from '../authority/authority.service.js';

/** A certificate that an agent has shown to a broker, proven to be of our own making. */
export interface PresentedCertificate {
  serial: string;
  agentId: string;
  /** Undefined in certificates of versions that did not write it. */
  home: AgentHome | undefined;
  spki: Buffer;
  der: Buffer;
  issuerChain: string;
  notBefore: Date;
  notAfter: Date;
}

/**
 * Everything is read from the certificate itself, and only after its signature by our own key holds: the broker that sent
 * it is not believed. Raises `certificate-unknown`.
 */
export function readPresented(der: Buffer, authority: AuthorityService): PresentedCertificate {
  try {
    const certificate = new X509Certificate(der);
    const issuerChain = authority.issuerOfAgent(certificate);
    const identity = identityOf(certificate);
    if (issuerChain === undefined || identity.kind !== 'agent' || identity.deployment !== authority.deployment) {
      throw unknownCertificate();
    }
    return {
      serial: serialOf(certificate),
      agentId: identity.agentId,
      home: homeOf(certificate),
      spki: spkiOf(certificate.publicKey),
      der: certificate.raw,
      issuerChain,
      notBefore: notBeforeOf(certificate),
      notAfter: notAfterOf(certificate),
    };
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    if (cause instanceof PkiError || isUnreadable(cause)) throw unknownCertificate(cause);
    throw cause;
  }
}

export function unknownCertificate(cause?: unknown): DomainError {
  return new DomainError('certificate-unknown', 'this is no certificate that a recovery can put back', { cause });
}

/** What node:crypto raises for bytes that are no certificate. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_');
}
