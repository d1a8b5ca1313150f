import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '@app/contracts';
import { OpenRefusedError } from '@app/multiplex';

/** A refusal as the ingress answers it: the code stands in `Adit-Code` and in the body. */
export interface Refusal {
  status: number;
  code: string;
  detail: string;
}

/** What a client of a proxy expects, where it is not the status of the domain error. */
const STATUS_OF: Readonly<Record<string, number>> = {
  unauthenticated: 407,
  'ticket-invalid': 407,
  'ticket-expired': 407,
  'ticket-used': 407,
};

/** Codes of an agent's refusal. The rest has to do with the session, which means that the site is not there now. */
const OF_AGENT: Readonly<Record<string, Pick<Refusal, 'status' | 'code'>>> = {
  'unknown-service': { status: 403, code: 'unknown-service' },
  'not-allowed': { status: 403, code: 'dial-refused' },
  'dial-failed': { status: 502, code: 'dial-failed' },
  'dial-timeout': { status: 504, code: 'dial-failed' },
  'open-timeout': { status: 504, code: 'dial-failed' },
  'internal-error': { status: 502, code: 'dial-failed' },
  'over-capacity': { status: 503, code: 'over-capacity' },
  draining: { status: 503, code: 'site-offline' },
  'session-lost': { status: 503, code: 'site-offline' },
  suspended: { status: 503, code: 'site-offline' },
  'not-open': { status: 503, code: 'site-offline' },
  'ids-exhausted': { status: 503, code: 'site-offline' },
};

export const refusalOf = (error: unknown): Refusal => {
  if (error instanceof DomainError) {
    return { status: STATUS_OF[error.code] ?? error.status, code: error.code, detail: error.detail };
  }
  if (error instanceof OpenRefusedError) {
    const known = Object.hasOwn(OF_AGENT, error.code) ? OF_AGENT[error.code] : undefined;
    return { ...(known ?? { status: 502, code: 'dial-failed' }), detail: `the site answered ${error.code}` };
  }
  return { status: 500, code: 'internal', detail: 'the dial failed here' };
};

/** For the client to take the answer and close. */
const LINGER_MS = 2_000;

/** Ends the connection with a refusal. An HTTP server's sockets stay half open for as long as the client likes, hence the cut. */
export const refuse = (socket: Duplex, { status, code, detail }: Refusal, lingerMs = LINGER_MS): void => {
  const body = JSON.stringify({ code, detail });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Adit-Code: ${code}`,
    ...(status === 407 ? ['Proxy-Authenticate: Bearer realm="adit"', 'Proxy-Authenticate: Basic realm="adit"'] : []),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Unread bytes would turn the end into a reset, which could take the answer from the client.
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(cut));
};

export const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';
