import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { PkiError } from '../errors.js';
import { readCertificate, readCertificates } from '../pem.js';
import { pinOf, spkiOf } from '../spki.js';
import { KEYFILE_FORMAT, KEYFILE_MAX_BYTES, KEYFILE_VERSION, keyfileDocument, type KeyfileDocument } from './format.js';
import { readJson } from './text.js';
import { verifyKeyfileTrust } from './trust.js';

export interface Keyfile {
  document: KeyfileDocument;
  deployment: string;
  claim: { chain: X509Certificate[]; key: KeyObject };
  /** The 32 bytes of the token. */
  token: Buffer;
  roots: X509Certificate[];
}

export interface DecodeOptions {
  now: Date;
  /** Where a deployment is already known (a site that enrols again): the pin of its root. */
  expectRootSpkiSha256?: string;
}

/**
 * Reads a keyfile of format 1 without touching network, disk or token. Every way to be wrong has its own code
 * (`keyfile-…`); a sealed keyfile raises `keyfile-sealed`. The checks go from the outside inwards: size, JSON,
 * format, version, members, trust chain, claim key, signature, expiry.
 */
export function decodeKeyfile(bytes: Uint8Array, options: DecodeOptions): Keyfile {
  if (bytes.length > KEYFILE_MAX_BYTES) {
    throw new PkiError('keyfile-too-large', `A keyfile has at most ${KEYFILE_MAX_BYTES} bytes; this is more`);
  }
  const document = readDocument(readJson(bytes));
  const roots = document.trust.roots.map((pem) => inKeyfile('trust.roots', () => readCertificate(pem)));
  const chain = inKeyfile('claim.certificate', () => readCertificates(document.claim.certificate));
  requireRoots(document, roots, options);
  const { deployment, verifySignature } = verifyKeyfileTrust(document, roots, chain);
  const key = readClaimKey(document, chain);
  verifySignature();
  if (options.now.getTime() >= Date.parse(document.expiresAt)) {
    throw new PkiError(
      'keyfile-expired',
      `The keyfile expired at ${document.expiresAt}; this machine's clock says ${options.now.toISOString()}`,
    );
  }
  return { document, deployment, claim: { chain, key }, token: Buffer.from(document.token, 'base64url'), roots };
}

function readDocument(value: unknown): KeyfileDocument {
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== KEYFILE_FORMAT) {
    throw new PkiError('keyfile-wrong-format', `The file is not a keyfile: its format is not "${KEYFILE_FORMAT}"`);
  }
  if (!('v' in value) || value.v !== KEYFILE_VERSION) {
    throw new PkiError(
      'keyfile-wrong-version',
      `Only keyfiles of version ${KEYFILE_VERSION} can be read; a newer agent may read this one`,
    );
  }
  if ('enc' in value) throw new PkiError('keyfile-sealed', 'The keyfile is sealed: it opens with its passphrase');
  const result = keyfileDocument.safeParse(value);
  if (result.success) return result.data;
  const unknown = result.error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) throw new PkiError('keyfile-unknown-member', unknown.message, { cause: result.error });
  const issue = result.error.issues[0];
  throw new PkiError('keyfile-malformed', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`, {
    cause: result.error,
  });
}

function requireRoots(document: KeyfileDocument, roots: X509Certificate[], options: DecodeOptions): void {
  const pins = roots.map((root) => pinOf(spkiOf(root.publicKey)));
  if (pins.join() !== document.trust.rootSpkiSha256.join()) {
    throw new PkiError('keyfile-foreign-ca', "The keyfile's roots are not those whose digests it names");
  }
  if (options.expectRootSpkiSha256 !== undefined && !pins.includes(options.expectRootSpkiSha256)) {
    throw new PkiError(
      'keyfile-foreign-ca',
      'The keyfile comes from another deployment than the one this site belongs to',
    );
  }
}

function readClaimKey(document: KeyfileDocument, chain: X509Certificate[]): KeyObject {
  const key = inKeyfile('claim.privateKey', () => createPrivateKey(document.claim.privateKey));
  if (key.asymmetricKeyType === 'ec' && chain[0]?.checkPrivateKey(key) === true) return key;
  throw new PkiError(
    'keyfile-claim-key-mismatch',
    'The private key of the keyfile is not the one of its claim certificate',
  );
}

function inKeyfile<T>(member: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new PkiError('keyfile-malformed', `${member}: cannot be read`, { cause });
  }
}
