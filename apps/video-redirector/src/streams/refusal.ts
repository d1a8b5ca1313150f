import { DomainError } from '@app/contracts';
import { MediaError, type Refusal } from '@app/media';
import { PkiError } from '@app/pki';
import { DialError } from '@app/tunnel-dialer';

/** RTSP statuses of codes; whatever is not here is 503: the stream is right, but not there now. */
const STATUS: Record<string, number> = {
  unauthenticated: 401,
  'ticket-invalid': 401,
  'ticket-expired': 401,
  'ticket-revoked': 401,
  'ticket-used': 403,
  'ended-by-operator': 403,
  forbidden: 403,
  'not-found': 404,
  'camera-not-found': 404,
  'recording-not-found': 404,
  'not-implemented': 501,
};

/** What a viewer is told. The reason phrase carries the code, because most players show nothing else. */
export const refusalOf = (error: unknown): Refusal => {
  const code = codeOf(error);
  const status = STATUS[code] ?? 503;
  const reason = `${PHRASES[status] ?? 'Service Unavailable'} (${code})`;
  return { status, code, reason, ...(status === 401 ? { challenge: 'Bearer realm="Adit view ticket"' } : {}) };
};

const PHRASES: Record<number, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  501: 'Not Implemented',
};

/** The code nearest to the cause: the site's own, then federation's or the dialer's, then the hub's. */
export const codeOf = (error: unknown): string => {
  if (error instanceof MediaError) {
    if (error.remoteCode !== undefined) return error.remoteCode;
    return isKnown(error.cause) ? codeOf(error.cause) : error.code;
  }
  return isKnown(error) ? error.code : 'internal';
};

const isKnown = (error: unknown): error is { code: string } =>
  error instanceof DomainError ||
  error instanceof DialError ||
  error instanceof PkiError ||
  error instanceof MediaError;
