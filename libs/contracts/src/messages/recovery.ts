import { z } from 'zod';
import { defineRequest } from '../message.js';
import { base64, instant, uuid } from '../primitives.js';

/**
 * tunnel-broker → keyfile-issuer: an agent whose certificate is good but not on record, while a restored database is
 * being completed. The issuer verifies the certificate itself. Idempotent.
 */
export const enrolmentRecover = defineRequest(
  'enrolment.recover',
  z.object({
    /** DER, base64. */
    certificate: base64.min(1).max(8_192),
    peerAddress: z.string().max(64),
    correlationId: z.string(),
  }),
  z.object({ state: z.enum(['recovered', 'awaiting-approval']) }),
  10_000,
);

export const recoveryAgent = z.object({
  agentId: uuid,
  tenantId: uuid,
  siteId: uuid,
  siteLabel: z.string(),
  serial: z.string(),
  peerAddress: z.string(),
  requestedAt: instant,
});
export type RecoveryAgent = z.infer<typeof recoveryAgent>;

export const recoveryState = z.object({
  recoveryId: uuid,
  backupTakenAt: instant,
  restoredAt: instant,
  journal: z.enum(['merged', 'absent']),
  closedAt: instant.nullable(),
  closedBy: z.string().nullable(),
  /** Certificates that were put back since the restore. */
  recovered: z.int(),
  awaitingApproval: z.int(),
  /** The longest waiting of them, 200 at most. */
  waiting: z.array(recoveryAgent).max(200),
});
export type RecoveryState = z.infer<typeof recoveryState>;

/** admin-api → keyfile-issuer. The newest restore; null: this database was never restored. */
export const recoveryGet = defineRequest(
  'recovery.get',
  z.object({}),
  z.object({ recovery: recoveryState.nullable() }),
);

/** Lower-case hexadecimal; RFC 5280 knows 20 bytes at most. */
const certificateSerial = z.string().regex(/^[0-9a-f]{1,40}$/);
const decision = z.object({ decidedBy: z.string(), correlationId: z.string() });

/** Puts an agent back that waits for it, with the certificate that was named and no other. Raises `not-found`, or what forbids it meanwhile. */
export const recoveryApprove = defineRequest(
  'recovery.approve',
  decision.extend({ agentId: uuid, serial: certificateSerial }),
  z.object({ agentId: uuid }),
);

/** Ends every recovery: from here on a certificate that is not on record stays out. Raises `not-found` when none is open. */
export const recoveryClose = defineRequest('recovery.close', decision, recoveryState);
