import { DomainError } from '@app/contracts';
import { PkiError } from '@app/pki';
import { DialError } from '@app/tunnel-dialer';
import { Code, ConnectError } from '@connectrpc/connect';
import type { RoleEvent } from '../roles/role-state.js';

/**
 * Why there is no contact. `site-offline`: no tunnel. `site-unreachable`: the path is there, but the directory does not
 * answer on it. Codes of the dialer and of TLS are passed on.
 */
export interface ContactFault {
  event: Extract<RoleEvent, 'refused' | 'failed'>;
  code: string;
  detail: string;
}

/** Ways in which a path ends without an answer of the directory. */
const UNREACHABLE = new Set([
  'dial-timeout',
  'address-unreachable',
  'over-capacity',
  'ticket-refused',
  'tls-handshake-failed',
  'tls-timeout',
]);

const failed = (code: string, detail: string): ContactFault => ({ event: 'failed', code, detail });

export const contactFault = (error: unknown): ContactFault => {
  if (error instanceof DialError || error instanceof PkiError) {
    const detail = error instanceof DialError ? error.detail : error.message;
    return UNREACHABLE.has(error.code)
      ? failed('site-unreachable', `${error.code}: ${detail}`)
      : failed(error.code, detail);
  }
  if (error instanceof DomainError) return failed(error.code, error.detail);
  if (error instanceof ConnectError) return callFault(error);
  return failed('site-unreachable', 'the directory does not answer');
};

const NOT_UNDERSTOOD = new Set([Code.Unimplemented, Code.InvalidArgument, Code.FailedPrecondition]);

const callFault = (error: ConnectError): ContactFault => {
  if (error.code === Code.Unauthenticated) {
    return { event: 'refused', code: 'invalid-credentials', detail: 'the site refuses the account' };
  }
  if (error.code === Code.PermissionDenied) return failed('site-right-missing', error.rawMessage.slice(0, 200));
  // The site ends what an account watches when the account is changed.
  if (error.code === Code.Aborted) return failed('account-changed', 'the site has changed the account');
  return NOT_UNDERSTOOD.has(error.code)
    ? failed('directory-refused', error.rawMessage.slice(0, 200))
    : failed('site-unreachable', 'the directory does not answer');
};
