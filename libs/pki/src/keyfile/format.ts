import { z } from 'zod';

export const KEYFILE_FORMAT = 'adit-keyfile';
export const KEYFILE_VERSION = 1;
export const KEYFILE_MAX_BYTES = 16 * 1024;
/** The sealed form of the largest keyfile, in base64url, with its header. */
export const SEALED_KEYFILE_MAX_BYTES = 24 * 1024;
export const ENROL_ALPN = 'adit-enrol/1';
export const TUNNEL_ALPN = 'adit-tunnel/1';

/** Names reach an installer's terminal: no control characters and no marks that turn the direction of text. */
const printable = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]*$/u, 'has control characters');
const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'is not base64url of 32 bytes');
const time = z.iso.datetime();
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'is not a UUID');
const host = z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'is not a host name or an address');

const endpoint = z.strictObject({
  host,
  port: z.int().min(1).max(65535),
  /** The name the broker's certificate is verified against; `host` may be an address. */
  serverName: host,
  /** Lower is tried first. */
  priority: z.int().min(0).max(1000),
});

/** What a keyfile says; `sig` is added by the encoder. */
export const keyfileContent = z.strictObject({
  format: z.literal(KEYFILE_FORMAT),
  v: z.literal(KEYFILE_VERSION),
  keyfileId: uuid,
  tenantId: uuid,
  siteId: uuid,
  siteName: printable(200),
  agentId: uuid,
  issuedAt: time,
  expiresAt: time,
  endpoints: z.array(endpoint).min(1).max(8),
  alpn: z.tuple([z.literal(ENROL_ALPN), z.literal(TUNNEL_ALPN)]),
  trust: z.strictObject({
    bundleVersion: z.int().min(1),
    /** PEM, one certificate each. */
    roots: z.array(z.string().max(4096)).min(1).max(3),
    rootSpkiSha256: z.array(digest).min(1).max(3),
  }),
  claim: z.strictObject({
    /** PEM: leaf, then claim-CA. */
    certificate: z.string().max(4096),
    /** PEM, PKCS#8. */
    privateKey: z.string().max(1024),
  }),
  /** 32 random bytes, base64url. */
  token: digest,
  policy: z.strictObject({
    keyAlg: z.literal('ec-p256'),
    /** Share of a certificate's life after which it is renewed. */
    renewAt: z.number().gt(0).lt(1),
  }),
});

export const keyfileDocument = keyfileContent.extend({
  sig: z.strictObject({
    /** PEM of the keyfile-signing leaf. */
    certificate: z.string().max(4096),
    /** base64url, DER ECDSA-SHA256 over `signedBytes`. */
    value: z.string().regex(/^[A-Za-z0-9_-]{64,128}$/, 'is not a signature'),
  }),
});

export type KeyfileContent = z.infer<typeof keyfileContent>;
export type KeyfileDocument = z.infer<typeof keyfileDocument>;
export type KeyfileEndpoint = KeyfileContent['endpoints'][number];
