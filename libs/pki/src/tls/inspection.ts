import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { PkiError } from '../errors.js';
import { ENROL_ALPN } from '../keyfile/format.js';

export interface InspectionTarget {
  /** An open transport (a proxy's CONNECT); else `host` and `port`. */
  socket?: Duplex;
  host?: string;
  port?: number;
  serverName: string;
  /** PEM roots that the peer should chain to. */
  roots: string[];
  timeoutMs: number;
}

export interface TlsInspection {
  protocol: string;
  /** What the peer showed first; its issuer names whoever inspects TLS on the way. */
  certificate: X509Certificate;
  /** Why OpenSSL or the name check would refuse the peer, e.g. `SELF_SIGNED_CERT_IN_CHAIN`; `undefined` for a good one. */
  fault: string | undefined;
}

/**
 * Asks who answers on a port, for a diagnosis only: no client certificate, not a byte of the application, and the
 * connection is gone when the promise settles. That is why it may accept any certificate and TLS 1.2: a middlebox that
 * is refused could not be named. Raises `tls-handshake-failed` or `tls-timeout`.
 */
export function inspectTls(target: InspectionTarget): Promise<TlsInspection> {
  return new Promise((resolve, reject) => {
    const socket = connect(optionsOf(target));
    const fail = (error: PkiError): void => {
      clearTimeout(timer);
      socket.destroy();
      target.socket?.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new PkiError('tls-timeout', `No TLS handshake within ${target.timeoutMs} ms`)),
      target.timeoutMs,
    );
    socket.on('error', (cause) => fail(new PkiError('tls-handshake-failed', cause.message, { cause })));
    socket.once('close', () => fail(new PkiError('tls-handshake-failed', 'The peer closed during the handshake')));
    socket.once('secureConnect', () => {
      const inspection = inspect(socket);
      if (inspection !== undefined) resolve(inspection);
      fail(new PkiError('tls-handshake-failed', 'The peer showed no certificate'));
    });
  });
}

function optionsOf(target: InspectionTarget): ConnectionOptions {
  const { socket, host, port, serverName, roots } = target;
  return {
    ...(socket === undefined ? { host, port, noDelay: true } : { socket }),
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    minVersion: 'TLSv1.2',
    ca: roots,
    ALPNProtocols: [ENROL_ALPN],
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    rejectUnauthorized: false,
  };
}

function inspect(socket: TLSSocket): TlsInspection | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  // Typed as an Error, but OpenSSL's or Node's code as a string at run time.
  const fault = socket.authorized ? undefined : String(socket.authorizationError);
  return { protocol: socket.getProtocol() ?? '', certificate, fault };
}
