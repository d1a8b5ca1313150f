import { z } from 'zod';
import { defineEvent, defineRequest } from '../message.js';
import { base64, uuid } from '../primitives.js';

const proofs = z.object({
  newKey: base64.max(256),
  claimKey: base64.max(256),
  /** By the key of the identity that comes back; for a keyfile that was made for that. */
  identityKey: base64.max(256).optional(),
});

/** What an agent sends under ALPN `adit-enrol/1`: u32 length, then this as JSON; at most 16 KiB. */
export const enrolRequest = z.strictObject({
  v: z.literal(1),
  keyfileId: uuid,
  /** 32 random bytes, base64url. */
  token: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** PKCS#10 in PEM, at most 4 KiB. */
  csr: z.string().max(4_096),
  /** DER SubjectPublicKeyInfo of the site's own TLS certificate, base64. */
  siteTlsSpki: base64.min(1).max(1_024),
  /** ECDSA P-256 / SHA-256 signatures (DER) over the enrolment transcript, by the new key and by the claim key. */
  proofs,
});
export type EnrolRequest = z.infer<typeof enrolRequest>;

export const trustBundle = z.object({
  bundleVersion: z.int(),
  roots: z.array(z.string()),
  rootSpkiSha256: z.array(z.string()),
});
export type TrustBundle = z.infer<typeof trustBundle>;

/** The signed text of the same list, as `verifyTrustBundle` of pki reads it: for who knows none of these roots yet. */
export const signedTrust = z.string().max(16_384);

export const enrolResponse = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    /** Leaf first, then the agent CA, PEM. Every retry gets the same bytes. */
    certificateChain: z.string(),
    trust: trustBundle,
    signedTrust: signedTrust.optional(),
  }),
  z.object({ ok: z.literal(false), code: z.string(), detail: z.string(), retryAfterMs: z.number().optional() }),
]);
export type EnrolResponse = z.infer<typeof enrolResponse>;

/** tunnel-broker → keyfile-issuer. The issuer verifies the proofs against its own stored claim key. */
export const enrolmentRedeem = defineRequest(
  'enrolment.redeem',
  z.object({
    keyfileId: uuid,
    /** JWE for keyfile-issuer around the token. */
    sealedToken: z.string().max(2_048),
    csr: z.string().max(4_096),
    siteTlsSpki: base64.max(1_024),
    proofs,
    /** TLS exporter of the connection, 32 bytes. */
    exporter: base64.length(44),
    peerAddress: z.string().max(64),
    correlationId: z.string(),
  }),
  z.object({ certificateChain: z.string(), trust: trustBundle, signedTrust }),
  10_000,
);

/** tunnel-broker → keyfile-issuer, at the first tunnel handshake: pending → current, token closed. Idempotent. */
export const enrolmentActivate = defineRequest(
  'enrolment.activate',
  z.object({
    serial: z.string().regex(/^[0-9a-f]{1,40}$/),
    agentId: uuid,
    peerAddress: z.string().max(64),
    correlationId: z.string(),
  }),
  z.object({ state: z.enum(['current']) }),
);

/** A broker asks for its own server certificate. `serverNames` are DNS names or IP addresses for the SAN. */
export const brokerCertificate = defineRequest(
  'pki.broker-certificate',
  z.object({
    brokerId: z.string().max(64),
    csr: z.string().max(4_096),
    serverNames: z.array(z.string().max(253)).max(16),
  }),
  z.object({ certificateChain: z.string(), notAfter: z.string() }),
);

/** Roots, and the exact issuers that a broker pins per ALPN: while the CAs are rotated, those of both trees. PEM. */
export const pkiTrust = defineRequest(
  'pki.trust',
  z.object({}),
  z.object({
    deployment: z.string(),
    /** Grows with every step of a rotation. */
    revision: z.int(),
    trust: trustBundle,
    signedTrust,
    agentCas: z.array(z.string()).min(1).max(3),
    claimCas: z.array(z.string()).min(1).max(3),
    /** What follows the leaf in a broker's chain now; another one has to be replaced. */
    serverChain: z.string(),
    /** Agents with a certificate of any other CA than this one should renew it. Null while there is no hurry. */
    renewOtherThan: z.string().nullable(),
  }),
);

/** tunnel-broker → keyfile-issuer: agents that hold a list of roots. Idempotent. */
export const trustAcknowledge = defineRequest(
  'pki.acknowledge',
  z.object({
    acknowledgements: z
      .array(z.object({ tenantId: uuid, agentId: uuid, bundleVersion: z.int().min(1).max(1_000_000) }))
      .max(500),
  }),
  z.object({ recorded: z.int() }),
);

/** Hint: rows beyond `seq` are in `revocation`. */
export const revocationAdded = defineEvent('pki.revocation-added', z.object({ seq: z.int() }));
