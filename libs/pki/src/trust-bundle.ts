import { verify, type X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Issuer } from './authority/certificate.js';
import { PkiError } from './errors.js';
import { JsonError, parseStrictJson } from './keyfile/json.js';
import { certificatePem, readCertificate } from './pem.js';
import { pinOf, spkiOf } from './spki.js';

/** A bundle has three roots at most, each with a few hundred bytes. */
export const TRUST_BUNDLE_MAX_BYTES = 16 * 1024;
/** Separates these signatures from certificates, the only other thing that a root signs. */
const SIGNATURE_LABEL = 'adit-trust-v1\n';

const statement = z.strictObject({
  format: z.literal('adit-trust'),
  v: z.literal(1),
  deployment: z.string().max(63),
  bundleVersion: z.int().min(1).max(1_000_000),
  issuedAt: z.iso.datetime(),
  /** PEM, one certificate each. */
  roots: z.array(z.string().max(4096)).min(1).max(3),
});

const signedBundle = z.strictObject({
  /** What is signed, byte for byte: JSON of the statement. */
  statement: z.string().max(TRUST_BUNDLE_MAX_BYTES),
  signatures: z
    .array(
      z.strictObject({
        /** Pin of the root that signed. */
        root: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
        /** base64url, DER ECDSA-SHA256 over a label and the statement. */
        value: z.string().regex(/^[A-Za-z0-9_-]{64,128}$/),
      }),
    )
    .min(1)
    .max(3),
});

/** Whom a deployment trusts. */
export interface TrustedRoots {
  bundleVersion: number;
  /** PEM, one certificate each. */
  roots: string[];
  /** Pins, in the order of `roots`. */
  rootSpkiSha256: string[];
}

export interface TrustStatement {
  deployment: string;
  bundleVersion: number;
  issuedAt: Date;
  roots: X509Certificate[];
}

/** The text of a bundle, signed by every root that somebody may still trust alone. Raises `trust-malformed`. */
export async function signTrustBundle(content: TrustStatement, by: Issuer[]): Promise<string> {
  const text = JSON.stringify({
    format: 'adit-trust',
    v: 1,
    deployment: content.deployment,
    bundleVersion: content.bundleVersion,
    issuedAt: content.issuedAt.toISOString(),
    roots: content.roots.map((root) => certificatePem(root.raw)),
  });
  const signatures = [];
  for (const { certificate, signer } of by) {
    const value = (await signer.sign(signedBytes(text))).toString('base64url');
    signatures.push({ root: pinOf(spkiOf(certificate.publicKey)), value });
  }
  const bundle = JSON.stringify({ statement: text, signatures });
  readStatement(bundle);
  return bundle;
}

/**
 * What a bundle says, when a root that is trusted now has signed it and it is newer. Raises `trust-malformed`,
 * `trust-foreign-deployment`, `trust-unsigned`, and `trust-stale` for the version that is held already or one before it.
 */
export function verifyTrustBundle(
  text: string,
  held: { deployment: string; trust: Pick<TrustedRoots, 'bundleVersion' | 'roots'> },
): TrustedRoots {
  const { bundle, said, roots } = readStatement(text);
  if (said.deployment !== held.deployment) {
    throw new PkiError('trust-foreign-deployment', 'The list of roots is of another deployment');
  }
  const bytes = signedBytes(bundle.statement);
  const trusted = held.trust.roots.map((root) => readCertificate(root).publicKey);
  const isSigned = trusted.some((key) =>
    bundle.signatures.some(
      ({ root, value }) => root === pinOf(spkiOf(key)) && verify('sha256', bytes, key, Buffer.from(value, 'base64url')),
    ),
  );
  if (!isSigned) throw new PkiError('trust-unsigned', 'No root that is trusted here has signed the list of roots');
  if (said.bundleVersion <= held.trust.bundleVersion) {
    throw new PkiError('trust-stale', `The list of roots is not newer than version ${held.trust.bundleVersion}`);
  }
  return {
    bundleVersion: said.bundleVersion,
    roots: said.roots,
    rootSpkiSha256: roots.map((root) => pinOf(spkiOf(root.publicKey))),
  };
}

function readStatement(text: string): {
  bundle: z.infer<typeof signedBundle>;
  said: z.infer<typeof statement>;
  roots: X509Certificate[];
} {
  if (Buffer.byteLength(text) > TRUST_BUNDLE_MAX_BYTES) throw malformed('larger than any');
  try {
    const bundle = signedBundle.parse(parseStrictJson(text));
    const said = statement.parse(parseStrictJson(bundle.statement));
    const roots = said.roots.map(readCertificate);
    if (!roots.every(isRoot)) throw malformed('one of them is no root');
    return { bundle, said, roots };
  } catch (cause) {
    if (cause instanceof z.ZodError || cause instanceof JsonError) throw malformed('not of the form', cause);
    if (cause instanceof PkiError && cause.code !== 'trust-malformed') throw malformed('not certificates', cause);
    throw cause;
  }
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}

function signedBytes(text: string): Buffer {
  return Buffer.from(SIGNATURE_LABEL + text);
}

function malformed(why: string, cause?: unknown): PkiError {
  return new PkiError('trust-malformed', `The list of roots cannot be read: ${why}`, { cause });
}
