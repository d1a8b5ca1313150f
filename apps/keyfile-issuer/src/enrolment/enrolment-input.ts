import { DomainError, type enrolmentRedeem } from '@app/contracts';
import { PkiError, readP256Spki, TOKEN_BYTES, EXPORTER_BYTES, type ProofSubject } from '@app/pki';
import type { z } from 'zod';
import { readKeyOf } from '../authority/authority.service.js';

export type RedeemRequest = z.output<typeof enrolmentRedeem.request>;

/**
 * What a request says, each part in its one form; nothing is looked up yet. `token` is the opened seal.
 * Raises `enrolment-malformed`, or `enrolment-bad-csr` for the certificate request.
 */
export function readEnrolment(request: RedeemRequest, token: string): ProofSubject {
  const subject = {
    exporter: fixed(Buffer.from(request.exporter, 'base64'), EXPORTER_BYTES, 'the exporter'),
    token: readToken(token),
    csrSpki: readKeyOf(request.csr),
    siteTlsSpki: readSiteKey(Buffer.from(request.siteTlsSpki, 'base64')),
  };
  if (subject.csrSpki.equals(subject.siteTlsSpki)) {
    throw new DomainError('enrolment-bad-csr', 'the identity key and the site key must be two keys');
  }
  return subject;
}

function readToken(text: string): Buffer {
  const token = Buffer.from(text, 'base64url');
  if (token.toString('base64url') !== text) throw malformed('the token is not base64url');
  return fixed(token, TOKEN_BYTES, 'the token');
}

function readSiteKey(spki: Buffer): Buffer {
  try {
    readP256Spki(spki);
    return spki;
  } catch (cause) {
    if (cause instanceof PkiError) throw malformed('siteTlsSpki is not a P-256 key', cause);
    throw cause;
  }
}

function fixed(bytes: Buffer, length: number, name: string): Buffer {
  if (bytes.length === length) return bytes;
  throw malformed(`${name} does not have ${length} bytes`);
}

function malformed(detail: string, cause?: unknown): DomainError {
  return new DomainError('enrolment-malformed', detail, { cause });
}
