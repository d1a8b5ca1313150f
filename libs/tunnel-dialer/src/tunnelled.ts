import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { type DialCode, DialError } from './errors.js';
import { parseHostPort } from './host-port.js';
import type { Route } from './route.js';

/** Longest answer head that an ingress may send. */
const MAX_HEAD_BYTES = 8_192;

/** Codes of the ingress that mean something to a dialer; the status decides about all others. */
const CODE_OF: Readonly<Record<string, DialCode>> = {
  'site-offline': 'site-offline',
  'not-found': 'site-unknown',
  'unknown-service': 'unknown-service',
  'dial-refused': 'dial-refused',
  'over-capacity': 'over-capacity',
  'ticket-invalid': 'ticket-refused',
  'ticket-expired': 'ticket-refused',
  'ticket-used': 'ticket-refused',
};

export interface TunnelledDial {
  /** `<service>.<site>.tunnel.<domain>:<port>` */
  target: string;
  ticket: string;
  /** PEM roots of the ingress' certificate. */
  roots: readonly string[];
}

/** HTTP CONNECT (RFC 9110, 9.3.6) at a broker's ingress. */
export const dialTunnelled = (route: Route, dial: TunnelledDial, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { host, port } = parseHostPort(route.ingress);
    const options = {
      host,
      port,
      method: 'CONNECT',
      path: dial.target,
      headers: { host: dial.target, 'proxy-authorization': `Bearer ${dial.ticket}` },
      agent: false as const,
      maxHeaderSize: MAX_HEAD_BYTES,
      signal,
    };
    const request = route.ingressTls
      ? httpsRequest({ ...options, ...ingressTls(host, dial.roots) })
      : httpRequest(options);
    request.once('connect', (response, socket: Socket, head) => {
      if (response.statusCode === 200) {
        resolve(handOver(socket, head));
        return;
      }
      socket.destroy();
      reject(refusalOf(response));
    });
    request.once('response', (response) => {
      response.destroy();
      reject(refusalOf(response));
    });
    request.once('error', (cause) => {
      reject(new DialError('site-unreachable', 'the broker of this site does not answer', { cause }));
    });
    request.end();
  });

/** The certificate is the ingress' own, not that of the CONNECT's target; no server name is sent for an address (RFC 6066, 3). */
export const ingressTls = (host: string, roots: readonly string[]) => ({
  ca: [...roots],
  minVersion: 'TLSv1.3' as const,
  servername: isIP(host) === 0 ? host : '',
});

/** What the service said first may have come with the answer's head. */
const handOver = (socket: Socket, head: Buffer): Socket => {
  socket.setNoDelay(true);
  socket.setTimeout(0);
  if (head.length > 0) socket.unshift(head);
  return socket;
};

const refusalOf = (response: IncomingMessage): DialError => {
  const given = String(response.headers['adit-code'] ?? '');
  const known = Object.hasOwn(CODE_OF, given) ? CODE_OF[given] : undefined;
  return new DialError(known ?? codeOfStatus(response.statusCode ?? 0), `the broker answered ${given || 'no code'}`);
};

const codeOfStatus = (status: number): DialCode => {
  if (status === 401 || status === 407) return 'ticket-refused';
  if (status === 403) return 'dial-refused';
  if (status === 404) return 'site-unknown';
  return 'site-unreachable';
};
