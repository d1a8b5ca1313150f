import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { PkiError } from '../errors.js';
import { spkiOf, spkiSha256 } from '../spki.js';
import { TLS_PARAMETERS } from './parameters.js';

export interface PinnedTarget {
  /** An open transport (a tunnel channel, a proxied socket); else `host` and `port`. */
  socket?: Duplex;
  host?: string;
  port?: number;
  /** base64url of SHA-256 over the DER SubjectPublicKeyInfo of the peer, see `pinOf`. */
  pin: string;
  serverName?: string;
  alpn?: string[];
  /** From the call to a checked peer. */
  timeoutMs: number;
}

/**
 * A TLS 1.3 connection to a peer known by its key alone. The peer's key is compared inside `secureConnect`, before the
 * caller holds the socket, so no byte of the application is ever written to another peer.
 *
 * This is the one place where `rejectUnauthorized: false` carries data: a site's certificate is signed by itself, so there is no
 * chain that OpenSSL could accept; the pin takes its place, and TLS 1.3 has proven by then that the peer holds the key
 * (RFC 8446, 4.4.3). Sessions are never resumed, because a resumed one shows no certificate.
 * The caller attaches its `error` listener before it awaits anything else.
 * Raises `tls-pin-mismatch`, `tls-handshake-failed` or `tls-timeout`; the transport is destroyed in each case.
 */
export function connectPinnedTls(target: PinnedTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(connectionOptions(target));
    const settle = (error: PkiError | undefined): void => {
      clearTimeout(timer);
      socket.off('close', onClose);
      if (error === undefined) {
        socket.off('error', onError);
        resolve(socket);
        return;
      }
      socket.destroy();
      target.socket?.destroy();
      reject(error);
    };
    const onError = (cause: Error): void => settle(new PkiError('tls-handshake-failed', cause.message, { cause }));
    const onClose = (): void => settle(new PkiError('tls-handshake-failed', 'The peer closed during the handshake'));
    const timer = setTimeout(
      () => settle(new PkiError('tls-timeout', `No TLS handshake within ${target.timeoutMs} ms`)),
      target.timeoutMs,
    );
    socket.on('error', onError).once('close', onClose);
    socket.once('secureConnect', () => settle(pinFault(socket, target.pin)));
  });
}

function connectionOptions(target: PinnedTarget): ConnectionOptions {
  const { socket, host, port, serverName, alpn } = target;
  return {
    ...TLS_PARAMETERS,
    ...(socket === undefined ? { host, port, noDelay: true } : { socket }),
    ...(serverName !== undefined && isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
    rejectUnauthorized: false,
  };
}

function pinFault(socket: TLSSocket, pin: string): PkiError | undefined {
  const expected = Buffer.from(pin, 'base64url');
  const certificate = socket.getPeerX509Certificate();
  const actual = certificate === undefined ? Buffer.alloc(0) : spkiSha256(spkiOf(certificate.publicKey));
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return undefined;
  return new PkiError('tls-pin-mismatch', `The peer's key is ${actual.toString('base64url')}, not the pinned ${pin}`);
}
