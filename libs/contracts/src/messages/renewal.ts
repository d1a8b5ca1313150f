import { z } from 'zod';
import { defineRequest } from '../message.js';
import { base64, instant, uuid } from '../primitives.js';

/** PKCS#10 in PEM, at most 4 KiB. */
export const certificateRequest = z.string().max(4_096);
export const certificateSerial = z.string().regex(/^[0-9a-f]{1,40}$/);
/** ECDSA P-256 / SHA-256 signatures (DER) over the renewal transcript, by the new key and by the one in use. */
export const renewalProofs = z.strictObject({ newKey: base64.max(256), currentKey: base64.max(256) });

export const renewedCertificate = z.object({
  /** Leaf first, then the agent CA, PEM. Every retry gets the same bytes. */
  certificateChain: z.string(),
});

/** tunnel-broker → keyfile-issuer, for the agent of a live session. The issuer verifies the proofs against its own record. */
export const enrolmentRenew = defineRequest(
  'enrolment.renew',
  z.object({
    agentId: uuid,
    /** Of the certificate that the session is open by. */
    serial: certificateSerial,
    csr: certificateRequest,
    proofs: renewalProofs,
    /** TLS exporter of the connection that opened the session, 32 bytes. */
    exporter: base64.length(44),
    peerAddress: z.string().max(64),
    correlationId: z.string(),
  }),
  renewedCertificate,
  10_000,
);

/**
 * tunnel-broker → keyfile-issuer: somebody came with a certificate that was superseded longer ago than its grace. That is
 * a copy of the agent's state: the issuer checks it and locks the agent. Idempotent.
 */
export const enrolmentStale = defineRequest(
  'enrolment.stale-certificate',
  z.object({
    agentId: uuid,
    serial: certificateSerial,
    peerAddress: z.string().max(64),
    correlationId: z.string(),
  }),
  z.object({ lockedAt: instant.nullable() }),
);
