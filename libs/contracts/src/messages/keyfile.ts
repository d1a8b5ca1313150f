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
});
export type KeyfileSummary = z.infer<typeof keyfileSummary>;

/** admin-api → keyfile-issuer. `sealedKeyfile` is a JWE for admin-api: the keyfile holds the token and the claim key. */
export const keyfileIssue = defineRequest(
  'keyfile.issue',
  z.object({
    tenantId: uuid,
    siteId: uuid,
    siteName: displayName,
    siteLabel,
    issuedBy: z.string(),
    /** 1 hour … 30 days. */
    validForSeconds: z
      .int()
      .min(60)
      .max(30 * 86_400)
      .default(7 * 86_400),
    /** An enrolled site is left alone without it; with it, its agent is revoked in the same transaction. */
    replace: z.boolean().default(false),
    correlationId: z.string(),
  }),
  z.object({ keyfile: keyfileSummary, sealedKeyfile: z.string(), fingerprint: z.string() }),
  10_000,
);

export const keyfileList = defineRequest(
  'keyfile.list',
  pageRequest.extend({ tenantId: uuid, siteId: uuid.optional() }),
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
