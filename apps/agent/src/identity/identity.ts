import { z } from 'zod';

const endpoint = z.object({ host: z.string(), port: z.int(), serverName: z.string(), priority: z.int() });

/** What a site is after its enrolment; one file, replaced as a whole. */
export const identity = z.object({
  v: z.literal(1),
  keyfileId: z.string(),
  deployment: z.string(),
  tenantId: z.string(),
  siteId: z.string(),
  siteName: z.string(),
  agentId: z.string(),
  enrolledAt: z.string(),
  /** An agent of before does not tell. */
  keyfileIssuedAt: z.string().optional(),
  /** PEM, PKCS#8. */
  privateKey: z.string(),
  /** PEM: leaf, then the agent CA. */
  certificateChain: z.string(),
  endpoints: z.array(endpoint).min(1),
  trust: z.object({ bundleVersion: z.int(), roots: z.array(z.string()).min(1), rootSpkiSha256: z.array(z.string()) }),
  policy: z.object({ keyAlg: z.string(), renewAt: z.number() }),
});
export type Identity = z.infer<typeof identity>;

/** A key made for one keyfile and not certified yet. */
export const pendingKey = z.object({ v: z.literal(1), keyfileId: z.string(), privateKey: z.string() });

/** The key of the next certificate, and that once it was issued; beside the identity until it was admitted. */
export const renewal = z.object({
  v: z.literal(1),
  /** Serial of the certificate that it renews. */
  renews: z.string(),
  privateKey: z.string(),
  certificateChain: z.string().optional(),
});
export type Renewal = z.infer<typeof renewal>;
