import type { AgentAdmission } from '@app/persistence';

/** Why an agent is not let in. Agents decide by the code; docs/errors.md says what people do about each. */
export const REFUSAL_CODES = [
  'certificate-wrong-role',
  'certificate-unknown',
  'certificate-revoked',
  'certificate-superseded',
  'certificate-expired',
  'agent-locked',
  'agent-revoked',
  'superseded',
  'recovery-pending',
  'unavailable',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  code: RefusalCode;
  detail: string;
  retryAfterMs?: number;
}

/** A step of the admission says no. */
export class AdmissionRefused extends Error {
  override readonly name = 'AdmissionRefused';

  /** @param about the agent on record, where it is known */
  constructor(
    readonly refusal: Refusal,
    readonly about?: { tenantId: string; siteId: string; agentId: string },
  ) {
    super(`${refusal.code}: ${refusal.detail}`);
  }
}

/** Nobody hears it: the agent gave up while it was decided about. */
export const GONE: Refusal = { code: 'unavailable', detail: 'the agent has left meanwhile' };

/** An operator has to act before another attempt can succeed. */
export const HOPELESS_RETRY_MS = 60_000;

/** What the issuer's records say about this certificate; undefined: it may come in. */
export const verdictOf = (record: AgentAdmission | undefined, agentId: string): Refusal | undefined => {
  const refuse = (code: RefusalCode, detail: string): Refusal => ({ code, detail, retryAfterMs: HOPELESS_RETRY_MS });
  if (record === undefined || record.agentId !== agentId) {
    return refuse('certificate-unknown', 'the certificate is not on record');
  }
  if (record.certificateState === 'revoked') return refuse('certificate-revoked', 'the certificate was revoked');
  if (record.agentState === 'revoked') return refuse('agent-revoked', 'the agent was revoked');
  if (record.agentState === 'locked') return refuse('agent-locked', 'the agent is locked');
  if (record.expired) return refuse('certificate-expired', 'the certificate is past its end');
  if (record.certificateState === 'superseded' && !record.inGrace) {
    return refuse('certificate-superseded', 'a newer certificate of this agent is in use');
  }
  return undefined;
};
