import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import type { ENROL_ALPN, TUNNEL_ALPN } from '../keyfile/format.js';
import { TLS_PARAMETERS } from './parameters.js';

export interface AgentTls {
  /** PEM, PKCS#8: the claim key for enrolling, the identity key for the tunnel. */
  key: string;
  /** PEM: leaf, then its CA. */
  chain: string;
  roots: string[];
  /** The name the broker's certificate must carry; the address that is dialled may be another. */
  serverName: string;
  alpn: typeof ENROL_ALPN | typeof TUNNEL_ALPN;
}

/**
 * Options of the site's side of a tunnel; the caller adds `host` and `port`, or `socket` (a proxy's CONNECT).
 * There is never a `session` in them. `secureConnect` fires also for a certificate that the broker refuses: only the
 * broker's first message says that the agent is in. Read facts of the connection inside `secureConnect` only: asking a
 * closed client socket for them ends the process.
 */
export function agentTlsOptions(identity: AgentTls): ConnectionOptions {
  const { serverName } = identity;
  return {
    ...TLS_PARAMETERS,
    key: identity.key,
    cert: identity.chain,
    ca: identity.roots,
    rejectUnauthorized: true,
    ALPNProtocols: [identity.alpn],
    // RFC 6066 allows no address in the server name indication.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
  };
}
