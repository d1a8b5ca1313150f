import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** What the handshake proved about the other end. */
export interface Peer {
  alpn: string;
  certificate: X509Certificate;
  /** Of the site, as it connected or as a trusted balancer announced it; IPv4 without its IPv6 clothing. */
  address: string;
}

/** Undefined when the peer has left, or named no protocol. */
export const describePeer = (socket: TLSSocket, address: string): Peer | undefined => {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || typeof socket.alpnProtocol !== 'string') return undefined;
  return { alpn: socket.alpnProtocol, certificate, address };
};
