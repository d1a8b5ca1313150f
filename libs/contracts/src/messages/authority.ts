import { z } from 'zod';
import { defineRequest } from '../message.js';
import { instant, pageOf, pageRequest, uuid } from '../primitives.js';

/** `idle → prepared → published → activated → tainted → idle` with the next tree (identity: CA rotation). */
export const rotationStep = z.enum(['idle', 'prepared', 'published', 'activated', 'tainted']);
export type RotationStep = z.infer<typeof rotationStep>;

export const rotationAction = z.enum(['prepare', 'publish', 'activate', 'taint', 'retire', 'rollback']);
export type RotationAction = z.infer<typeof rotationAction>;

export const authorityCertificate = z.object({
  role: z.enum(['root', 'agent-ca', 'claim-ca', 'server-ca', 'keyfile-signing']),
  generation: z.int(),
  /** It issues now. */
  issuing: z.boolean(),
  /** Brokers and, for a root, agents accept it now. */
  trusted: z.boolean(),
  serial: z.string(),
  /** base64url SHA-256 of the DER SubjectPublicKeyInfo. */
  spkiSha256: z.string(),
  notBefore: instant,
  notAfter: instant,
  pem: z.string(),
});
export type AuthorityCertificate = z.infer<typeof authorityCertificate>;

export const authorityView = z.object({
  deployment: z.string(),
  step: rotationStep,
  /** Grows with every step; a step may name the one it was decided for. */
  revision: z.int(),
  bundleVersion: z.int(),
  changedAt: instant,
  changedBy: z.string(),
  certificates: z.array(authorityCertificate),
  /** Agents that were seen in the last 30 days. */
  agents: z.object({
    seen: z.int(),
    /** Of these, hold the newest list of roots. */
    acknowledged: z.int(),
    /** Of these, have their certificate from the CA that issues now. */
    onIssuingCa: z.int(),
  }),
  /** Brokers that are alive, and how many of them serve with the newest step. */
  brokers: z.object({ alive: z.int(), current: z.int() }),
  /** Keyfiles that were not used yet and end with the tree that a rotation takes away. */
  keyfilesOfOtherTree: z.int(),
});
export type AuthorityView = z.infer<typeof authorityView>;

/** admin-api → keyfile-issuer. All of it is the deployment's, whoever's sites they are: for the provider alone. */
export const authorityGet = defineRequest('authority.get', z.object({}), authorityView);

/** @throws DomainError `rotation-state` and the other `rotation-…` codes. Making keys and signing may take long. */
export const authorityRotate = defineRequest(
  'authority.rotate',
  z.object({
    action: rotationAction,
    /** The step is taken only when nothing has happened since. */
    revision: z.int().optional(),
    actor: z.string(),
    correlationId: z.string(),
  }),
  authorityView,
  30_000,
);

export const missingAgent = z.object({
  tenantId: uuid,
  siteId: uuid,
  siteLabel: z.string(),
  siteName: z.string(),
  agentId: uuid,
  seenAt: instant,
  /** What it has said that it holds; 1 when it has never said. */
  bundleVersion: z.int(),
  /** Its certificate comes from a CA that does not issue now. */
  otherCa: z.boolean(),
});
export type MissingAgent = z.infer<typeof missingAgent>;

/** Agents seen in the last 30 days that lack the newest list of roots, or a certificate of the CA that issues now. */
export const authorityMissing = defineRequest('authority.missing', pageRequest, pageOf(missingAgent));
