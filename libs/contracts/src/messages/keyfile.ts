import { z } from 'zod';
import { defineRequest } from '../message.js';
import { displayName, instant, pageOf, pageRequest, siteLabel, uuid } from '../primitives.js';

/** `issued → claimed → redeemed → closed`, side exits `revoked` and `expired` (identity: Enrolment). */
export const keyfileState = z.enum(['issued', 'claimed', 'redeemed', 'closed', 'revoked', 'expired']);
export type KeyfileState = z.infer<typeof keyfileState>;

export const keyfileSummary = z.object({
  keyfileId: uuid,
  siteId: uuid,
  agentId: uuid,
  state: keyfileState,
  issuedAt: instant,
  issuedBy: z.string(),
  expiresAt: instant,
  claimedAt: instant.nullable(),
  claimedFrom: z.string().nullable(),
  redeemedAt: instant.nullable(),
  revokedAt: instant.nullable(),
  revokedBy: z.string().nullable(),
  revokeReason: z.string().nullable(),
  /** When its content was handed out, and to whom. */
  downloadedAt: instant.nullable(),
  downloadedBy: z.string().nullable(),
  /** The first tunnel with the certificate that came of it. */
  closedAt: instant.nullable(),
  closedFrom: z.string().nullable(),
  /** Handed out in the sealed form. */
  sealed: z.boolean(),
  /** The keyfile whose place this one took. */
  regenerates: uuid.nullable(),
});
export type KeyfileSummary = z.infer<typeof keyfileSummary>;

const validForSeconds = z
  .int()
  .min(60)
  .max(30 * 86_400)
  .default(7 * 86_400);

const issued = z.object({ keyfile: keyfileSummary, sealedKeyfile: z.string(), fingerprint: z.string() });

/** admin-api → keyfile-issuer. `sealedKeyfile` is a JWE for admin-api: the keyfile holds the token and the claim key. */
export const keyfileIssue = defineRequest(
  'keyfile.issue',
  z.object({
    tenantId: uuid,
    siteId: uuid,
    siteName: displayName,
    siteLabel,
    issuedBy: z.string(),
    validForSeconds,
    /** An enrolled site is left alone without it; with it, its agent is revoked. */
    replace: z.boolean().default(false),
    /** When a replaced agent is revoked: in this transaction, or in the one in which its successor's first tunnel comes up. */
    replaceAt: z.enum(['issue', 'enrolment']).default('issue'),
    /** The content is handed out with a passphrase around it. */
    sealed: z.boolean().default(false),
    /** False: the content is kept for a later download, which `keyfile.delivered` tells of. */
    delivered: z.boolean().default(true),
    correlationId: z.string(),
  }),
  issued,
  10_000,
);

/**
 * Takes back a keyfile that has not become an identity and issues another one for the same agent, in one transaction.
 * Fails with `keyfile-state` for any other.
 */
export const keyfileRegenerate = defineRequest(
  'keyfile.regenerate',
  z.object({
    tenantId: uuid,
    keyfileId: uuid,
    issuedBy: z.string(),
    validForSeconds,
    sealed: z.boolean().default(false),
    correlationId: z.string(),
  }),
  issued,
  10_000,
);

/** Each is an event of the audit, on whose chain others wait. */
export const DELIVERED_AT_ONCE = 100;

/** Notes that contents were handed out; the first time counts. Idempotent. */
export const keyfileDelivered = defineRequest(
  'keyfile.delivered',
  z.object({
    tenantId: uuid,
    keyfileIds: z.array(uuid).max(DELIVERED_AT_ONCE),
    deliveredTo: z.string(),
    correlationId: z.string(),
  }),
  z.object({ noted: z.int() }),
);

export const keyfileList = defineRequest(
  'keyfile.list',
  pageRequest.extend({ tenantId: uuid, siteId: uuid.optional(), state: keyfileState.optional() }),
  pageOf(keyfileSummary),
);

export const keyfileGet = defineRequest('keyfile.get', z.object({ tenantId: uuid, keyfileId: uuid }), keyfileSummary);

/** Revokes the keyfile and, when it was redeemed, its agent and certificates. Idempotent. */
export const keyfileRevoke = defineRequest(
  'keyfile.revoke',
  z.object({
    tenantId: uuid,
    keyfileId: uuid,
    revokedBy: z.string(),
    reason: z.string().max(200),
    correlationId: z.string(),
  }),
  keyfileSummary,
);
