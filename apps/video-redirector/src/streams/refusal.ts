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
  'stream-account-expired': 403,
  'stream-account-revoked': 403,
  'ended-by-operator': 403,
  forbidden: 403,
  'not-found': 404,
  'camera-not-found': 404,
  'recording-not-found': 404,
  'rate-limited': 429,
  'uplink-live-exceeded': 453,
  'uplink-playback-exceeded': 453,
  'live-capacity-exceeded': 453,
  'live-bandwidth-exceeded': 453,
  'playback-capacity-exceeded': 453,
  'playback-bandwidth-exceeded': 453,
  'not-implemented': 501,
};

/**
 * What a viewer is told. The reason phrase carries the code, because most players show nothing else.
 * @param by what it was judged: who brought a ticket is not asked for an account
 */
export const refusalOf = (error: unknown, by: 'ticket' | 'account' = 'ticket'): Refusal => {
  const code = codeOf(error);
  const status = STATUS[code] ?? 503;
  const reason = `${PHRASES[status] ?? 'Service Unavailable'} (${code})`;
  if (status !== 401) return { status, code, reason };
  const question = by === 'account' ? { digest: true } : { challenge: 'Bearer realm="Adit view ticket"' };
  return { status, code, reason, ...question };
};

const PHRASES: Record<number, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  453: 'Not Enough Bandwidth',
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
