import type { TlsOptions } from 'node:tls';
import { ENROL_ALPN, TUNNEL_ALPN } from '../keyfile/format.js';
import { HANDSHAKE_TIMEOUT_MS, NO_TICKETS, TLS_PARAMETERS } from './parameters.js';

export interface BrokerTls {
  /** PEM, PKCS#8. */
  key: string;
  /** PEM: leaf, then server-CA. */
  chain: string;
  /** PEM roots; a peer's chain must end in one of them. */
  roots: string[];
}

/**
 * Options of the tunnel listener, also for `setSecureContext` when a broker's certificate is replaced.
 * A peer that offers other ALPN protocols than ours is refused by TLS; one that offers none gets through the handshake
 * with `alpnProtocol === false` and has to be refused by the admission, which also pins the direct issuer per protocol.
 */
export function brokerTlsOptions(identity: BrokerTls): TlsOptions {
  return {
    ...TLS_PARAMETERS,
    secureOptions: NO_TICKETS,
    key: identity.key,
    cert: identity.chain,
    ca: identity.roots,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: [ENROL_ALPN, TUNNEL_ALPN],
    noDelay: true,
  };
}
