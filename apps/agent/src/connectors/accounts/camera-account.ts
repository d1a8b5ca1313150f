import { splitCredentials, type Credentials } from '@app/media';
import type { CameraEntry } from '../camera-list.js';
import { ConnectorError } from '../errors.js';
import type { Accounts } from './account-store.js';

/** A camera with its accounts: from the list, where somebody wrote one by hand since, else from the store. */
export interface SiteCamera {
  /** URLs are plain, credentials stand beside them. Never to be shown as a whole. */
  entry: CameraEntry;
  /** Why a stored account cannot be used. */
  fault: ConnectorError | undefined;
  /** The list itself holds a password that belongs into the store. */
  isInList: boolean;
  /** One of its places has an account, wherever that stands. */
  hasAccount: boolean;
}

/** A place of the list: a stream, or where the recordings are. */
interface Place {
  url?: string | undefined;
  onvif?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
}

/** Where the list names a camera or a recorder; empty for what the list would refuse. */
export const urlOf = ({ url, onvif }: Place): string => splitCredentials(url ?? onvif ?? '').url;

/** What the list itself says of a place; undefined when it has no account there. */
export const accountInList = ({ url, onvif, username, password }: Place): Credentials | undefined => {
  const inUrl = splitCredentials(url ?? onvif ?? '');
  const user = username ?? inUrl.user;
  return user === undefined ? undefined : { user, password: password ?? inUrl.password ?? '' };
};

/** The places of a camera, its streams first. */
export const placesOf = ({ streams, recordings, snapshot }: CameraEntry): Place[] =>
  [...streams, recordings, snapshot].filter((place) => place !== undefined);

export const withAccounts = (entry: CameraEntry, accounts: Accounts): SiteCamera => {
  let fault: ConnectorError | undefined;
  const stored = (place: Place): Credentials | undefined => {
    try {
      return accounts.of(entry.id, urlOf(place));
    } catch (error) {
      fault ??= error as ConnectorError;
      return undefined;
    }
  };
  let hasAccount = false;
  const resolve = <P extends Place>(place: P): P => {
    const account = accountInList(place) ?? stored(place);
    hasAccount ||= account !== undefined;
    return withCredentials(place, account);
  };
  const streams = entry.streams.map(resolve);
  const recordings = entry.recordings && resolve(entry.recordings);
  const snapshot = entry.snapshot && resolve(entry.snapshot);
  const resolved = {
    ...entry,
    streams,
    ...(recordings === undefined ? {} : { recordings }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
  return { entry: resolved, fault, hasAccount, isInList: placesOf(entry).some((place) => accountInList(place)) };
};

const withCredentials = <P extends Place>(place: P, account: Credentials | undefined): P => {
  const { username: _username, password: _password, ...rest } = place;
  const plain = {
    ...rest,
    ...(place.url === undefined ? {} : { url: urlOf(place) }),
    ...(place.onvif === undefined ? {} : { onvif: urlOf(place) }),
  };
  const added = account === undefined ? {} : { username: account.user, password: account.password };
  return { ...plain, ...added } as P;
};
