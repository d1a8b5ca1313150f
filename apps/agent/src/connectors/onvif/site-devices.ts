import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { splitCredentials, type Credentials } from '@app/media';
import { writePrivateFile } from '@app/pki';
import { AccountStore, type Accounts } from '../accounts/account-store.js';
import { CAMERA_LIST_MAX_BYTES } from '../camera-list.js';
import { ConnectorError } from '../errors.js';
import {
  accountInList,
  type OnvifEntry,
  parseOnvifList,
  serviceOf,
  serviceUrlOf,
  withDevice,
  withoutDevice,
} from './onvif-list.js';

export const ONVIF_LIST_FILE = 'onvif.yaml';

/** A device with its account. Never to be shown as a whole. */
export interface SiteDevice {
  entry: OnvifEntry;
  /** URL of the device service, without credentials. */
  service: string;
  account: Credentials | undefined;
  /** Why the stored account cannot be used. */
  fault: ConnectorError | undefined;
  /** The list itself holds a password that belongs into the store. */
  isInList: boolean;
}

/** `onvif.yaml` in the state directory and the accounts that belong to it; both 0600, written whole or not at all. */
export class SiteDevices {
  readonly path: string;
  readonly accounts: AccountStore;

  constructor(stateDir: string) {
    this.path = join(stateDir, ONVIF_LIST_FILE);
    this.accounts = new AccountStore(stateDir);
  }

  /** With credentials. @throws ConnectorError about the list; what is wrong with an account stands beside its device */
  async read(): Promise<SiteDevice[]> {
    const entries = parseOnvifList(await this.text());
    const accounts = await this.accounts.load();
    return entries.map((entry) => withAccount(entry, accounts));
  }

  /** Changes whenever the list or an account does. */
  async version(): Promise<string> {
    const list = await stat(this.path, { bigint: true }).then(
      ({ mtimeNs, size, ino }) => `${ino} ${mtimeNs} ${size}`,
      () => '',
    );
    return `${list} ${await this.accounts.version()}`;
  }

  /**
   * Adds a device; its account is there before anybody looks for it.
   * @throws ConnectorError `camera-exists` unless `replace`, `camera-key-lost`, `camera-account-damaged`
   */
  async add(entry: OnvifEntry, account: Credentials | undefined, replace: boolean): Promise<void> {
    const text = await this.text();
    if (!replace && parseOnvifList(text).some(({ id }) => id === entry.id)) {
      throw new ConnectorError('camera-exists', `The list has a device ${entry.id} already`);
    }
    const changed = withDevice(text, entry);
    if (account !== undefined) await this.accounts.put(ownerOf(entry.id), serviceOf(entry), account);
    await writePrivateFile(this.path, changed);
  }

  /** Stores the account of a device, in place of what the list says of it. @throws ConnectorError `camera-unknown`, … */
  async setAccount(id: string, account: Credentials): Promise<void> {
    const text = await this.text();
    const entry = parseOnvifList(text).find((device) => device.id === id);
    if (entry === undefined) throw new ConnectorError('camera-unknown', `The list has no device ${id}`);
    await this.accounts.put(ownerOf(id), serviceOf(entry), account);
    if (accountInList(entry) === undefined) return;
    const { username: _username, password: _password, ...rest } = entry;
    const address = splitCredentials(serviceUrlOf(entry.address) ?? '').url;
    await writePrivateFile(this.path, withDevice(text, { ...rest, address }));
  }

  /** @throws ConnectorError `camera-unknown` */
  async remove(id: string): Promise<void> {
    await writePrivateFile(this.path, withoutDevice(await this.text(), id));
    await this.accounts.remove(ownerOf(id));
  }

  private async text(): Promise<string> {
    try {
      if ((await stat(this.path)).size > CAMERA_LIST_MAX_BYTES) {
        throw new ConnectorError('camera-list-too-large', `${this.path} is larger than ${CAMERA_LIST_MAX_BYTES} bytes`);
      }
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      if (error instanceof ConnectorError) throw error;
      throw new ConnectorError('camera-list-unreadable', `${this.path} cannot be read`, { cause: error });
    }
  }
}

/** No camera of `cameras.yaml` can have such an id. */
const ownerOf = (id: string): string => `onvif+${id}`;

const withAccount = (entry: OnvifEntry, accounts: Accounts): SiteDevice => {
  const service = serviceOf(entry);
  const inList = accountInList(entry);
  const device = { entry, service, account: inList, fault: undefined, isInList: inList !== undefined };
  if (inList !== undefined) return device;
  try {
    return { ...device, account: accounts.of(ownerOf(entry.id), service) };
  } catch (error) {
    return { ...device, fault: error as ConnectorError };
  }
};
