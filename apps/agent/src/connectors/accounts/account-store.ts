import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '@app/media';
import { writePrivateFile } from '@app/pki';
import { z } from 'zod';
import { ConnectorError } from '../errors.js';
import { ACCOUNT_KEY_FILE, AccountKeys, sealed } from './account-key.js';
import { placeOf } from './place.js';

export const ACCOUNTS_DIR = 'camera-accounts';
const FILE_MAX_BYTES = 64 * 1024;
const SUFFIX = '.json';

const accountFile = z.strictObject({
  v: z.literal(1),
  camera: z.string().max(63),
  accounts: z.array(z.strictObject({ place: z.string().max(300), ...sealed.shape })).max(16),
});
type AccountFile = z.infer<typeof accountFile>;

const credentials = z.strictObject({ user: z.string(), password: z.string() });

/**
 * User and password of cameras and recorders, encrypted: one file for each camera, so that two commands at once never undo
 * each other. An account belongs to one camera and one host and port: edited into another URL, it is not sent there.
 */
export class AccountStore {
  private readonly dir: string;

  constructor(private readonly stateDir: string) {
    this.dir = join(stateDir, ACCOUNTS_DIR);
  }

  /** Everything there is; what cannot be opened shows when it is asked for. */
  async load(): Promise<Accounts> {
    const files = new Map<string, AccountFile | ConnectorError>();
    for (const name of await this.names()) {
      const camera = name.slice(0, -SUFFIX.length);
      files.set(camera, await this.read(camera).catch((error: unknown) => error as ConnectorError));
    }
    const keys = await AccountKeys.load(this.stateDir).catch((error: unknown) => error as ConnectorError);
    return new Accounts(keys, files);
  }

  /** Sets the account of a camera at the host of `url`. @throws ConnectorError `camera-key-lost`, `camera-account-damaged` */
  async put(camera: string, url: string, account: Credentials): Promise<void> {
    const keys = await AccountKeys.loadOrCreate(this.stateDir);
    const place = placeOf(url);
    const made = { place, ...keys.seal(JSON.stringify(account), contextOf(camera, place)) };
    const others = (await this.read(camera)).accounts.filter((known) => known.place !== place);
    await mkdir(this.dir, { mode: 0o700, recursive: true });
    await this.write({ v: 1, camera, accounts: [...others, made] });
  }

  /** Forgets all accounts of a camera. */
  async remove(camera: string): Promise<void> {
    await rm(this.file(camera), { force: true });
  }

  /** Forgets all accounts and the key. */
  async clear(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
    await rm(join(this.stateDir, ACCOUNT_KEY_FILE), { force: true });
  }

  /** Changes whenever an account or the key does. */
  async version(): Promise<string> {
    const marks = [this.dir, join(this.stateDir, ACCOUNT_KEY_FILE)].map((path) =>
      stat(path, { bigint: true }).then(
        ({ mtimeNs, ino }) => `${ino} ${mtimeNs}`,
        () => '',
      ),
    );
    return (await Promise.all(marks)).join();
  }

  private file(camera: string): string {
    return join(this.dir, `${camera}${SUFFIX}`);
  }

  private async names(): Promise<string[]> {
    const names = await readdir(this.dir).catch((): string[] => []);
    // A name that begins with a dot is a file that is being written.
    return names.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'));
  }

  private async write(content: AccountFile): Promise<void> {
    await writePrivateFile(this.file(content.camera), `${JSON.stringify(content, null, 2)}\n`);
  }

  private async read(camera: string): Promise<AccountFile> {
    const path = this.file(camera);
    try {
      if ((await stat(path)).size > FILE_MAX_BYTES) throw new Error('too large');
      const content = accountFile.parse(JSON.parse(await readFile(path, 'utf8')));
      if (content.camera !== camera) throw new Error('the file of another camera');
      return content;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { v: 1, camera, accounts: [] };
      throw new ConnectorError('camera-account-damaged', `${path} cannot be read`, { cause });
    }
  }
}

/** The accounts of one moment. */
export class Accounts {
  constructor(
    private readonly keys: AccountKeys | ConnectorError,
    private readonly files: ReadonlyMap<string, AccountFile | ConnectorError>,
  ) {}

  /**
   * Undefined: none is stored for the camera at the host of `url`.
   * @throws ConnectorError `camera-key-lost`, `camera-account-damaged` naming the file
   */
  of(camera: string, url: string): Credentials | undefined {
    const file = this.files.get(camera);
    if (file === undefined) return undefined;
    if (file instanceof ConnectorError) throw file;
    const place = placeOf(url);
    const found = file.accounts.find((account) => account.place === place);
    if (found === undefined) return undefined;
    if (this.keys instanceof ConnectorError) throw this.keys;
    const { key, iv, data } = found;
    return credentials.parse(JSON.parse(this.keys.open({ key, iv, data }, contextOf(camera, place))));
  }
}

const contextOf = (camera: string, place: string): string => `adit camera account 1\n${camera}\n${place}`;
