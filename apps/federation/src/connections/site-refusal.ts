import { DomainError, isErrorCode } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';

const CODES: Partial<Record<Code, string>> = {
  [Code.NotFound]: 'camera-not-found',
  [Code.FailedPrecondition]: 'recording-not-found',
  [Code.Aborted]: 'recording-unavailable',
  [Code.Unauthenticated]: 'directory-refused',
  [Code.PermissionDenied]: 'site-right-missing',
  [Code.Unimplemented]: 'not-implemented',
  [Code.InvalidArgument]: 'directory-refused',
  [Code.ResourceExhausted]: 'unavailable',
};

/** What a site answered to a call, as an error of ours. */
export const siteRefusal = (error: unknown): DomainError => {
  const { code, rawMessage } = ConnectError.from(error);
  const known = CODES[code] ?? 'site-unreachable';
  return new DomainError(isErrorCode(known) ? known : 'internal', rawMessage.slice(0, 200), { cause: error });
};
