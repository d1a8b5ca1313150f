import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { z } from 'zod';
import { PkiError } from '../errors.js';
import { canonicalJson } from './canonical.js';
import { KEYFILE_FORMAT, KEYFILE_MAX_BYTES, KEYFILE_VERSION, SEALED_KEYFILE_MAX_BYTES } from './format.js';
import { readJson } from './text.js';

/** RFC 7914; fixed, so that no file can make its reader spend more: 128 MiB and about 0.3 s. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const;
const SCRYPT_MAX_MEMORY = 129 * 1024 * 1024;
const CIPHER = 'aes-256-gcm';
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** Separates this use of the key from every other. */
const AAD_LABEL = 'adit-sealed-keyfile-v1\n';

export const PASSPHRASE_MIN_CHARACTERS = 12;
export const PASSPHRASE_MAX_BYTES = 1024;

const base64url = (bytes: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`), `is not base64url of ${bytes} bytes`);

/** Without the inner keyfile's name or place: a sealed file that is lost says nothing of whose it is. */
const sealedHeader = z.strictObject({
  format: z.literal(KEYFILE_FORMAT),
  v: z.literal(KEYFILE_VERSION),
  keyfileId: z.guid(),
  expiresAt: z.iso.datetime(),
  enc: z.strictObject({
    kdf: z.literal('scrypt'),
    n: z.literal(SCRYPT.N),
    r: z.literal(SCRYPT.r),
    p: z.literal(SCRYPT.p),
    salt: base64url(SALT_BYTES),
    cipher: z.literal(CIPHER),
    nonce: base64url(NONCE_BYTES),
  }),
});
const sealedDocument = sealedHeader.extend({
  /** base64url of the ciphertext and its tag. */
  body: z.string().regex(/^[A-Za-z0-9_-]+$/, 'is not base64url'),
});

/** What a sealed keyfile shows without its passphrase. Nothing of it is proven before it is opened. */
export type SealedHeader = z.infer<typeof sealedHeader>;
export type SealedKeyfile = z.infer<typeof sealedDocument>;

/** Made from a passphrase once; seals any number of keyfiles, each with a nonce of its own. */
export interface SealingKey {
  salt: Buffer;
  key: Buffer;
}

/**
 * Takes 128 MiB and about 0.3 s in the thread pool: the caller bounds how many run at once.
 * @param salt of an earlier derivation, to get the same key again
 * @throws PkiError `passphrase-unusable`
 */
export async function deriveSealingKey(
  passphrase: string,
  salt: Buffer = randomBytes(SALT_BYTES),
): Promise<SealingKey> {
  if (!isUsablePassphrase(passphrase)) {
    const message = `A passphrase has at least ${PASSPHRASE_MIN_CHARACTERS} characters and at most ${PASSPHRASE_MAX_BYTES} bytes`;
    throw new PkiError('passphrase-unusable', message);
  }
  return { salt, key: await derive(normalPassphrase(passphrase), salt) };
}

/** Whether something may be sealed with it. Counted are Unicode code points. */
export function isUsablePassphrase(passphrase: string): boolean {
  const normal = passphrase.normalize('NFC');
  return Array.from(normal).length >= PASSPHRASE_MIN_CHARACTERS && Buffer.byteLength(normal) <= PASSPHRASE_MAX_BYTES;
}

/** The text of a keyfile, sealed. Raises `keyfile-malformed` for what is no keyfile. */
export function sealKeyfile(text: string, { salt, key }: SealingKey): string {
  const nonce = randomBytes(NONCE_BYTES);
  const header = sealedHeader.safeParse({ ...innerNames(text), enc: encryption(salt, nonce) });
  if (!header.success) throw new PkiError('keyfile-malformed', 'What shall be sealed is not a keyfile');
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(header.data));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${JSON.stringify({ ...header.data, body: body.toString('base64url') }, null, 2)}\n`;
}

/**
 * Reads the outside of a keyfile that may be sealed; derives nothing. @returns undefined for one that is not sealed
 * @throws PkiError as `decodeKeyfile` for what is no JSON; `keyfile-seal-unsupported` for other parameters of the seal
 */
export function readSealedKeyfile(bytes: Uint8Array): SealedKeyfile | undefined {
  if (bytes.length > SEALED_KEYFILE_MAX_BYTES) {
    const message = `A sealed keyfile has at most ${SEALED_KEYFILE_MAX_BYTES} bytes; this is more`;
    throw new PkiError('keyfile-too-large', message);
  }
  const value = readJson(bytes);
  if (!isSealed(value)) return undefined;
  const result = sealedDocument.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const member = issue?.path.join('.') ?? '';
  const code = member.startsWith('enc') ? 'keyfile-seal-unsupported' : 'keyfile-malformed';
  throw new PkiError(code, `${member}: ${issue?.message ?? 'malformed'}`, { cause: result.error });
}

/**
 * The bytes of the keyfile inside, for `decodeKeyfile`. Whether the passphrase is wrong or the file damaged cannot be
 * told apart. @throws PkiError `keyfile-not-opened`, `passphrase-unusable`
 */
export async function openSealedKeyfile(sealed: SealedKeyfile, passphrase: string): Promise<Buffer> {
  const salt = Buffer.from(sealed.enc.salt, 'base64url');
  return openWithKey(sealed, await derive(normalPassphrase(passphrase), salt));
}

/** The part of the opening after the derivation. */
export function openWithKey({ body, ...header }: SealedKeyfile, key: Buffer): Buffer {
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.length <= TAG_BYTES || bytes.length > KEYFILE_MAX_BYTES + TAG_BYTES) throw notOpened();
  const nonce = Buffer.from(header.enc.nonce, 'base64url');
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(header));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw notOpened(cause);
  }
}

/** Other formats and versions are for `decodeKeyfile` to name. */
function isSealed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('enc' in value)) return false;
  return 'format' in value && value.format === KEYFILE_FORMAT && 'v' in value && value.v === KEYFILE_VERSION;
}

/** RFC 8265: one text has one form, whichever keyboard it was typed on. */
function normalPassphrase(passphrase: string): string {
  const normal = passphrase.normalize('NFC');
  if (normal.length > 0 && Buffer.byteLength(normal) <= PASSPHRASE_MAX_BYTES) return normal;
  throw new PkiError('passphrase-unusable', `A passphrase has 1 to ${PASSPHRASE_MAX_BYTES} bytes`);
}

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_BYTES, { ...SCRYPT, maxmem: SCRYPT_MAX_MEMORY }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function encryption(salt: Buffer, nonce: Buffer): SealedHeader['enc'] {
  const [n, r, p] = [SCRYPT.N, SCRYPT.r, SCRYPT.p];
  return {
    kdf: 'scrypt',
    n,
    r,
    p,
    salt: salt.toString('base64url'),
    cipher: CIPHER,
    nonce: nonce.toString('base64url'),
  };
}

function additionalData(header: SealedHeader): Buffer {
  return Buffer.from(AAD_LABEL + canonicalJson(header));
}

function innerNames(text: string): object {
  const { format, v, keyfileId, expiresAt } = readJson(Buffer.from(text)) as Record<string, unknown>;
  return { format, v, keyfileId, expiresAt };
}

function notOpened(cause?: unknown): PkiError {
  return new PkiError('keyfile-not-opened', 'The passphrase is wrong, or the keyfile was damaged', { cause });
}
