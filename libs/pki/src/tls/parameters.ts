import { constants } from 'node:crypto';

/**
 * Parameters of every TLS end of the system. Naming the two groups keeps a stranger from choosing one that costs the
 * event loop a hundred times as much (ffdhe8192) before any certificate is asked for; every key here is P-256.
 */
export const TLS_PARAMETERS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ecdhCurve: 'X25519:P-256',
  sigalgs: 'ecdsa_secp256r1_sha256',
} as const;

/** A session ticket alone would be admitted as its agent, without key or certificate, even after revocation or expiry. */
export const NO_TICKETS = constants.SSL_OP_NO_TICKET;

export const HANDSHAKE_TIMEOUT_MS = 5000;
