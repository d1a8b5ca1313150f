/**
 * Every code this lib can raise. Codes are stable: match by code, never by text.
 * What the reader should do about each stands in the project's list of errors.
 */
export const PKI_ERROR_CODES = [
  'ca-key-mismatch',
  'ca-foreign-deployment',
  'ca-key-wrong-kek',
  'ca-key-damaged',
  'ca-key-missing',
  'trust-malformed',
  'trust-unsigned',
  'trust-stale',
  'trust-foreign-deployment',
  'certificate-malformed',
  'csr-malformed',
  'csr-too-large',
  'csr-unsupported-key',
  'csr-bad-signature',
  'identity-uri-malformed',
  'spki-unsupported-key',
  'proof-malformed',
  'keyfile-too-large',
  'keyfile-truncated',
  'keyfile-not-json',
  'keyfile-duplicate-member',
  'keyfile-wrong-format',
  'keyfile-wrong-version',
  'keyfile-unknown-member',
  'keyfile-malformed',
  'keyfile-foreign-ca',
  'keyfile-claim-key-mismatch',
  'keyfile-bad-signature',
  'keyfile-expired',
  'keyfile-sealed',
  'keyfile-seal-unsupported',
  'keyfile-not-opened',
  'passphrase-unusable',
  'tls-pin-mismatch',
  'tls-handshake-failed',
  'tls-timeout',
] as const;

export type PkiErrorCode = (typeof PKI_ERROR_CODES)[number];

/** `message` is for people and may change; it never carries key material or tokens. */
export class PkiError extends Error {
  override readonly name = 'PkiError';

  constructor(
    readonly code: PkiErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
