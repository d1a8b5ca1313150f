import type { Credentials } from '@app/media';
import { CameraListFile } from '../camera-list.file.js';
import type { CameraEntry } from '../camera-list.js';
import { ConnectorError } from '../errors.js';
import { AccountStore } from './account-store.js';
import { accountInList, placesOf, type SiteCamera, urlOf, withAccounts } from './camera-account.js';
import { placeOf } from './place.js';

/** The camera list and the accounts that belong to it. */
export class SiteCameras {
  readonly list: CameraListFile;
  readonly accounts: AccountStore;

  constructor(stateDir: string) {
    this.list = new CameraListFile(stateDir);
    this.accounts = new AccountStore(stateDir);
  }

  /** With credentials. @throws ConnectorError about the list; what is wrong with an account stands beside its camera */
  async read(): Promise<SiteCamera[]> {
    const entries = await this.list.read();
    const accounts = await this.accounts.load();
    return entries.map((entry) => withAccounts(entry, accounts));
  }

  /** Changes whenever the list or an account does. */
  async version(): Promise<string> {
    const [list, accounts] = await Promise.all([this.list.version(), this.accounts.version()]);
    return `${list} ${accounts}`;
  }

  /**
   * Adds a camera; its account is there before anybody looks for it.
   * @throws ConnectorError `camera-exists` unless `replace`, `camera-key-lost`, `camera-account-damaged`
   */
  async add(camera: CameraEntry, account: Credentials | undefined, replace: boolean): Promise<void> {
    if (!replace) await this.list.refuseExisting(camera.id);
    if (account !== undefined) await this.setAccount(camera, 'streams', account);
    await this.list.put(camera, replace);
  }

  /** @throws ConnectorError `camera-unknown` */
  async remove(id: string): Promise<void> {
    await this.list.remove(id);
    await this.accounts.remove(id);
  }

  /** Stores an account for a camera's streams or recordings, in place of what the list says of it. */
  async change(camera: CameraEntry, part: 'streams' | 'recordings', account: Credentials): Promise<void> {
    await this.setAccount(camera, part, account);
    await this.list.withoutAccounts([camera.id], part);
  }

  /**
   * Moves every account of the list into the store. Stopped anywhere, it can be repeated: the list is written last.
   * @returns the ids of the cameras that had one
   * @throws ConnectorError `camera-accounts-differ`, and then nothing was moved
   */
  async moveAccounts(): Promise<string[]> {
    const found = (await this.list.read())
      .map((entry) => ({ id: entry.id, accounts: accountsInList(entry) }))
      .filter(({ accounts }) => accounts.size > 0);
    for (const { id, accounts } of found) {
      for (const { url, account } of accounts.values()) await this.accounts.put(id, url, account);
    }
    const ids = found.map(({ id }) => id);
    if (ids.length > 0) await this.list.withoutAccounts(ids);
    return ids;
  }

  private async setAccount(camera: CameraEntry, part: 'streams' | 'recordings', account: Credentials): Promise<void> {
    const places = part === 'streams' ? camera.streams : [camera.recordings].filter((place) => place !== undefined);
    const urls = new Map(places.map((place) => [placeOf(urlOf(place)), urlOf(place)]));
    for (const url of urls.values()) await this.accounts.put(camera.id, url, account);
  }
}

/** By place. @throws ConnectorError `camera-accounts-differ` */
const accountsInList = (entry: CameraEntry): Map<string, { url: string; account: Credentials }> => {
  const found = new Map<string, { url: string; account: Credentials }>();
  for (const place of placesOf(entry)) {
    const account = accountInList(place);
    if (account === undefined) continue;
    const url = urlOf(place);
    const other = found.get(placeOf(url))?.account;
    if (other !== undefined && (other.user !== account.user || other.password !== account.password)) {
      const reason = `Camera ${entry.id} has two accounts at ${placeOf(url)}: the store holds one for a camera and host`;
      throw new ConnectorError('camera-accounts-differ', reason);
    }
    found.set(placeOf(url), { url, account });
  }
  return found;
};
