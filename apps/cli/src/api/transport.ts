import { CliError, errnoOf } from '../errors.js';

const UNTRUSTED = /^(?:DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_|HOSTNAME_MISMATCH)/;
const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no network',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  ETIMEDOUT: 'it does not answer',
};
/** The request has not reached the server: it may be sent again, whatever it is. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A request without an answer, as the reader gets to know of it. */
export class TransportError extends CliError {
  constructor(
    code: 'server-unreachable' | 'server-untrusted' | 'server-too-slow',
    message: string,
    advice: string,
    readonly neverSent: boolean,
    options?: ErrorOptions,
  ) {
    super(code, message, advice, options);
  }
}

/** What fetch throws, told apart. */
export const asTransportError = (error: unknown, url: string): TransportError => {
  const { origin } = new URL(url);
  if (nameOf(error) === 'TimeoutError') {
    const advice = 'Try again; if it lasts, ask whoever runs the server. --timeout waits longer';
    return new TransportError('server-too-slow', `${origin} did not answer in time`, advice, false, { cause: error });
  }
  const cause = causeOf(error) ?? error;
  const code = codeOf(cause);
  if (code !== undefined && UNTRUSTED.test(code)) {
    const advice = 'A private CA is named by NODE_EXTRA_CA_CERTS=/path/of/ca.pem; never go on without knowing why';
    const message = `the certificate of ${origin} is not trusted (${code})`;
    return new TransportError('server-untrusted', message, advice, true, { cause: error });
  }
  const reason = (code === undefined ? undefined : REASONS[code]) ?? code ?? textOf(cause);
  const advice = 'Check the address (adit context list), the network, and that the server runs';
  const neverSent = code !== undefined && NEVER_SENT.has(code);
  return new TransportError('server-unreachable', `${origin} cannot be reached: ${reason}`, advice, neverSent, {
    cause: error,
  });
};

const nameOf = (error: unknown): unknown => (error as { name?: unknown } | null)?.name;
const causeOf = (error: unknown): unknown => (error as { cause?: unknown } | null)?.cause;

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'the connection failed');

/** Of one of several attempts, where a name has several addresses. */
const codeOf = (cause: unknown): string | undefined =>
  errnoOf(cause) ?? (cause instanceof AggregateError ? errnoOf(cause.errors[0]) : undefined);
