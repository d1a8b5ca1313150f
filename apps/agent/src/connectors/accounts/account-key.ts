import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@app/pki';
import { z } from 'zod';
import { ConnectorError } from '../errors.js';

export const ACCOUNT_KEY_FILE = 'camera-key.json';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

const base64 = z.base64().max(4_096);

/** What is encrypted, and with which key; all in base64. `data` ends with the tag. */
export const sealed = z.strictObject({ key: z.string().max(64), iv: base64, data: base64 });
export type Sealed = z.infer<typeof sealed>;

const keyFile = z.strictObject({
  v: z.literal(1),
  /** The last one encrypts, all of them decrypt: a key can be replaced without asking for every password. */
  keys: z
    .array(z.strictObject({ id: z.string().min(1).max(64), createdAt: z.string(), key: base64 }))
    .min(1)
    .max(16),
});
type KeyFile = z.infer<typeof keyFile>;

/** The keys that the accounts of a site's cameras are encrypted with (AES-256-GCM). */
export class AccountKeys {
  private constructor(
    private readonly path: string,
    private readonly keys: ReadonlyMap<string, Buffer>,
  ) {}

  /** A file that is not there is no key. @throws ConnectorError `camera-key-lost` when the file cannot be used */
  static async load(stateDir: string): Promise<AccountKeys> {
    const path = join(stateDir, ACCOUNT_KEY_FILE);
    const file = await readKeyFile(path);
    const keys = (file?.keys ?? []).map(({ id, key }) => [id, Buffer.from(key, 'base64')] as const);
    if (keys.some(([, key]) => key.length !== KEY_BYTES)) throw damaged(path);
    return new AccountKeys(path, new Map(keys));
  }

  /** With a key to encrypt with, made now when there is none. @throws ConnectorError `camera-key-lost` */
  static async loadOrCreate(stateDir: string): Promise<AccountKeys> {
    const known = await AccountKeys.load(stateDir);
    if (known.keys.size > 0) return known;
    await create(known.path);
    return await AccountKeys.load(stateDir);
  }

  /** `context` is authenticated with it: what is moved to another camera or host does not open there. */
  seal(text: string, context: string): Sealed {
    const [id, key] = [...this.keys].at(-1) ?? [];
    if (id === undefined || key === undefined) throw lost(this.path);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(`${id}\n${context}`));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { key: id, iv: iv.toString('base64'), data: data.toString('base64') };
  }

  /** @throws ConnectorError `camera-key-lost` without its key, `camera-account-damaged` when it was changed or moved */
  open({ key: id, iv, data }: Sealed, context: string): string {
    const key = this.keys.get(id);
    if (key === undefined) throw lost(this.path);
    try {
      const bytes = Buffer.from(data, 'base64');
      const at = bytes.length - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(`${id}\n${context}`)).setAuthTag(bytes.subarray(at));
      return Buffer.concat([decipher.update(bytes.subarray(0, at)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new ConnectorError('camera-account-damaged', 'The stored account does not open with its key', { cause });
    }
  }
}

const readKeyFile = async (path: string): Promise<KeyFile | undefined> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(path);
  }
  try {
    return keyFile.parse(JSON.parse(text));
  } catch {
    // Neither a message nor a cause: both could quote the key.
    throw damaged(path);
  }
};

/** Whole or not at all, and never over a key that another process made in the meantime. */
const create = async (path: string): Promise<void> => {
  const id = randomBytes(6).toString('hex');
  const key = { id, createdAt: new Date().toISOString(), key: randomBytes(KEY_BYTES).toString('base64') };
  const made = `${path}.${id}`;
  await writePrivateFile(made, `${JSON.stringify({ v: 1, keys: [key] }, null, 2)}\n`);
  try {
    await link(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(made, { force: true });
  }
};

const lost = (path: string): ConnectorError =>
  new ConnectorError('camera-key-lost', `${path} does not hold the key that this account was encrypted with`);

const damaged = (path: string): ConnectorError =>
  new ConnectorError('camera-key-lost', `${path} cannot be read as a file of keys`);
