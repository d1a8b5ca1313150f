import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PkiError } from '../errors.js';
import { writePrivateFile } from '../private-file.js';
import { isWrapped, type KeyWrap } from './key-wrap.js';
import { generateKey, KeySigner, privateKeyPem, readOptional, type Signer } from './signer.js';

/**
 * Where the keys of the CAs are, each by its name (`root`, `agent-ca`, …; `root-2` after a rotation). Files here; an HSM
 * or a KMS elsewhere: docs/signer.md. Every method may take long and may fail for a while.
 */
export interface KeyStore {
  /** Undefined when there is no such key. */
  find(name: string): Promise<Signer | undefined>;
  /** Makes a key whose name is not taken, and resolves when it would survive a crash. */
  create(name: string): Promise<Signer>;
  /** Destroys a key; harmless when there is none. */
  remove(name: string): Promise<void>;
}

const SUFFIX = '.key';
/** What `writePrivateFile` leaves when it is killed: the directory has one owner, so nobody is at it. */
const UNFINISHED = /^\.[a-z0-9-]+\.(?:key|crt)\.[0-9a-f]{12}$/;

/** `<name>.key` (0600) in one directory: encrypted with a `KeyWrap`, plain PKCS#8 PEM without one. */
export class FileKeyStore implements KeyStore {
  private constructor(
    private readonly directory: string,
    private readonly wrap: KeyWrap | undefined,
  ) {}

  /**
   * Reads every key before it changes one: a wrong passphrase leaves all as it was. Then plain keys, and those under a
   * key-encryption key of before, are written anew one by one; a crash leaves each in its old or its new form.
   * Raises `ca-key-wrong-kek`, `ca-key-damaged`.
   */
  static async open(directory: string, wrap?: KeyWrap): Promise<FileKeyStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of (await readdir(directory)).filter((entry) => UNFINISHED.test(entry))) {
      await rm(join(directory, name), { force: true });
    }
    const store = new FileKeyStore(directory, wrap);
    if (wrap !== undefined) await store.rewrite(wrap);
    return store;
  }

  async find(name: string): Promise<Signer | undefined> {
    const text = await readOptional(this.path(name));
    return text === undefined ? undefined : new KeySigner(await this.read(name, text));
  }

  async create(name: string): Promise<Signer> {
    const key = generateKey();
    const text = this.wrap === undefined ? privateKeyPem(key) : await this.wrap.seal(key);
    await writePrivateFile(this.path(name), text);
    return new KeySigner(key);
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
  }

  private async rewrite(wrap: KeyWrap): Promise<void> {
    const stale: { name: string; key: KeyObject }[] = [];
    for (const file of (await readdir(this.directory)).filter((entry) => entry.endsWith(SUFFIX))) {
      const name = file.slice(0, -SUFFIX.length);
      const text = (await readOptional(this.path(name))) ?? '';
      const key = await this.read(name, text);
      if (!wrap.isCurrent(text)) stale.push({ name, key });
    }
    for (const { name, key } of stale) await writePrivateFile(this.path(name), await wrap.seal(key));
  }

  private async read(name: string, text: string): Promise<KeyObject> {
    if (isWrapped(text)) {
      if (this.wrap === undefined) throw new PkiError('ca-key-wrong-kek', `${name}.key is encrypted`);
      return this.wrap.open(text);
    }
    try {
      return createPrivateKey(text);
    } catch (cause) {
      throw new PkiError('ca-key-damaged', `${name}.key does not hold a private key`, { cause });
    }
  }

  private path(name: string): string {
    return join(this.directory, `${name}${SUFFIX}`);
  }
}
