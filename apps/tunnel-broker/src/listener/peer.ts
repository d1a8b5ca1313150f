import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** What the handshake proved about the other end. */
export interface Peer {
  alpn: string;
  certificate: X509Certificate;
  /** For people and tables: IPv4 without its IPv6 clothing. */
  address: string;
  rawAddress: string;
}

/** Undefined when the peer has left, or named no protocol. */
export const describePeer = (socket: TLSSocket): Peer | undefined => {
  const certificate = socket.getPeerX509Certificate();
  const rawAddress = socket.remoteAddress;
  if (certificate === undefined || rawAddress === undefined || typeof socket.alpnProtocol !== 'string')
    return undefined;
  return { alpn: socket.alpnProtocol, certificate, rawAddress, address: rawAddress.replace(/^::ffff:/, '') };
};
