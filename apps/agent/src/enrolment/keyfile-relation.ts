import { AgentError } from '../errors.js';
import type { Identity } from '../identity/identity.js';

/** What tells keyfiles apart. */
export interface KeyfileMark {
  keyfileId: string;
  agentId: string;
  /** RFC 3339, by the cloud's clock. */
  issuedAt: string;
}

/**
 * `own`: the keyfile that this identity came from, or an earlier one of the same agent. `return`: a later one for the same
 * agent, which an operator approved. `other`: for another agent.
 */
export const relationOf = (identity: Identity, mark: KeyfileMark): 'own' | 'return' | 'other' => {
  if (mark.keyfileId === identity.keyfileId) return 'own';
  if (mark.agentId !== identity.agentId) return 'other';
  return Date.parse(mark.issuedAt) > Date.parse(identity.keyfileIssuedAt ?? identity.enrolledAt) ? 'return' : 'own';
};

export const otherKeyfile = (identity: Identity, advice: string): AgentError =>
  new AgentError(
    'identity-exists',
    `This state directory already belongs to the site "${identity.siteName}"; the keyfile is another one`,
    advice,
  );
