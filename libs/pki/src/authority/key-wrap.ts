import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  randomBytes,
  scrypt,
  type KeyObject,
} from 'node:crypto';
import { z } from 'zod';
import { PkiError } from '../errors.js';
import { canonicalJson } from '../keyfile/canonical.js';

export const KEK_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** 128 MiB and a few hundred milliseconds for each guess. */
const SCRYPT = { n: 2 ** 17, r: 8, p: 1 } as const;
const SCRYPT_MAX_MEMORY_BYTES = 256 * 1024 * 1024;
/** A P-256 key in PKCS#8 has 138 bytes. */
const MAX_TEXT = 2048;

const base64url = (bytes: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`), `is not base64url of ${bytes} bytes`);

const kek = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('secret') }),
  z.strictObject({
    kind: z.literal('scrypt'),
    // Any other cost is refused before a key is derived with it.
    n: z.literal(SCRYPT.n),
    r: z.literal(SCRYPT.r),
    p: z.literal(SCRYPT.p),
    salt: base64url(16),
  }),
]);
type Kek = z.infer<typeof kek>;

const wrappedKey = z.strictObject({
  format: z.literal('adit-ca-key'),
  v: z.literal(1),
  kek,
  /** Tells a wrong passphrase from a damaged file: the first 8 bytes of a labelled SHA-256 of the key-encryption key. */
  kekId: z.string().regex(/^[0-9a-f]{16}$/),
  nonce: base64url(NONCE_BYTES),
  /** PKCS#8 DER and the GCM tag. */
  box: z.string().regex(/^[A-Za-z0-9_-]{60,700}$/),
});

/** What key-encryption keys are made of; with both, keys are written under the passphrase and read under either. */
export interface KekSources {
  /** 32 random bytes. */
  secret?: Buffer;
  passphrase?: string;
}

/** Encrypts private keys for the disk: AES-256-GCM, everything that is not secret is authenticated with it. */
export class KeyWrap {
  readonly #sources: KekSources;
  /** By salt: deriving is slow on purpose. */
  readonly #derived = new Map<string, Promise<Buffer>>();
  #salt: string | undefined;

  constructor(sources: KekSources) {
    if (sources.secret !== undefined && sources.secret.length !== KEK_BYTES) {
      throw new PkiError('ca-key-wrong-kek', `The key-encryption key does not have ${KEK_BYTES} bytes`);
    }
    this.#sources = sources;
  }

  async seal(key: KeyObject): Promise<string> {
    const header = await this.#header();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', await this.#kek(header.kek), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(canonicalJson(header)));
    const der = key.export({ format: 'der', type: 'pkcs8' });
    const box = Buffer.concat([cipher.update(der), cipher.final(), cipher.getAuthTag()]);
    const sealed = { ...header, nonce: nonce.toString('base64url'), box: box.toString('base64url') };
    return `${JSON.stringify(sealed, null, 2)}\n`;
  }

  /**
   * Raises `ca-key-wrong-kek` when it was sealed under another passphrase or secret, `ca-key-damaged` when it was changed.
   */
  async open(text: string): Promise<KeyObject> {
    const { nonce, box, ...header } = parse(text);
    const secret = await this.#kek(header.kek);
    if (kekIdOf(secret) !== header.kekId) throw wrongKek(header.kek.kind);
    if (header.kek.kind === 'scrypt') this.#salt ??= header.kek.salt;
    const bytes = Buffer.from(box, 'base64url');
    const cut = bytes.length - TAG_BYTES;
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv('aes-256-gcm', secret, Buffer.from(nonce, 'base64url'), options);
    decipher.setAAD(Buffer.from(canonicalJson(header)));
    decipher.setAuthTag(bytes.subarray(cut));
    try {
      const der = Buffer.concat([decipher.update(bytes.subarray(0, cut)), decipher.final()]);
      return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    } catch (cause) {
      throw damaged(cause);
    }
  }

  /** Whether this is how a key would be written now: a deployment that sets a passphrase has its keys moved under it. */
  isCurrent(text: string): boolean {
    return isWrapped(text) && parse(text).kek.kind === this.#kind;
  }

  get #kind(): Kek['kind'] {
    return this.#sources.passphrase === undefined ? 'secret' : 'scrypt';
  }

  async #header(): Promise<Pick<z.infer<typeof wrappedKey>, 'format' | 'v' | 'kek' | 'kekId'>> {
    this.#salt ??= randomBytes(16).toString('base64url');
    const made: Kek = this.#kind === 'secret' ? { kind: 'secret' } : { kind: 'scrypt', ...SCRYPT, salt: this.#salt };
    return { format: 'adit-ca-key', v: 1, kek: made, kekId: kekIdOf(await this.#kek(made)) };
  }

  async #kek(of: Kek): Promise<Buffer> {
    const { secret, passphrase } = this.#sources;
    if (of.kind === 'secret') {
      if (secret === undefined) throw wrongKek('secret');
      return secret;
    }
    if (passphrase === undefined) throw wrongKek('scrypt');
    const known = this.#derived.get(of.salt) ?? derive(passphrase, Buffer.from(of.salt, 'base64url'));
    this.#derived.set(of.salt, known);
    return known;
  }
}

/** A key that is not in plain PKCS#8. */
export function isWrapped(text: string): boolean {
  return text.trimStart().startsWith('{');
}

function parse(text: string): z.infer<typeof wrappedKey> {
  try {
    if (text.length > MAX_TEXT) throw new PkiError('ca-key-damaged', 'larger than any key');
    return wrappedKey.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(cause);
  }
}

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  const options = { N: SCRYPT.n, r: SCRYPT.r, p: SCRYPT.p, maxmem: SCRYPT_MAX_MEMORY_BYTES };
  return new Promise((resolve, reject) => {
    // The same words typed on another system are the same passphrase.
    scrypt(passphrase.normalize('NFC'), salt, KEK_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function kekIdOf(key: Buffer): string {
  return createHash('sha256').update('adit-ca-kek-id\n').update(key).digest('hex').slice(0, 16);
}

function wrongKek(kind: Kek['kind']): PkiError {
  const what = kind === 'secret' ? 'another key-encryption key than ca.kek' : 'another passphrase';
  return new PkiError('ca-key-wrong-kek', `A CA key is encrypted under ${what}; nothing was changed`);
}

function damaged(cause: unknown): PkiError {
  return new PkiError('ca-key-damaged', 'An encrypted CA key was changed or damaged', { cause });
}
