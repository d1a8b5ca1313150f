import { MediaError, splitCredentials, type Credentials } from '@app/media';
import { OnvifDevice } from '../onvif/onvif-device.js';
import { snapshotUri, type SnapshotProfile } from '../onvif/snapshot-uri.js';
import type { Snapshot, SnapshotSource } from '../site/site-connector.js';
import type { CameraEntry, CameraSnapshot } from './camera-list.js';
import { fetchPicture } from './http-picture.js';

/** A picture this young is given to all who ask, and so is a failure: the camera is asked once a second at most. */
const FRESH_MS = 1_000;

type Take = (signal: AbortSignal) => Promise<Buffer>;

/** Undefined for a camera whose entry names no still picture. */
export const snapshotSource = (entry: CameraEntry): SnapshotSource | undefined => {
  const { snapshot } = entry;
  if (snapshot === undefined) return undefined;
  const account = accountOf(entry, snapshot);
  return new SharedSnapshots(takeFrom(snapshot, account));
};

const takeFrom = ({ url, onvif, profile }: CameraSnapshot, account: Credentials | undefined): Take => {
  if (onvif === undefined) return (signal) => fetchPicture(url ?? '', account, signal);
  return takeFromDevice(new OnvifDevice(onvif, account), profile === undefined ? {} : { token: profile }, account);
};

/** Still pictures of a media profile of a device. */
export const deviceSnapshots = (
  device: OnvifDevice,
  profile: SnapshotProfile,
  account: Credentials | undefined,
): SnapshotSource => new SharedSnapshots(takeFromDevice(device, profile, account));

const takeFromDevice =
  (device: OnvifDevice, profile: SnapshotProfile, account: Credentials | undefined): Take =>
  async (signal) => {
    const uri = await snapshotUri(device, profile, signal).catch((error: unknown) => {
      if (!(error instanceof MediaError) || error.code !== 'camera-replay-refused') throw error;
      throw new MediaError('snapshot-unsupported', 'The device gives no still pictures', undefined, { cause: error });
    });
    return fetchPicture(uri, account, signal);
  };

/** Its own account, else that of the first stream on the same host. */
const accountOf = (
  { streams }: CameraEntry,
  { url, onvif, username, password }: CameraSnapshot,
): Credentials | undefined => {
  if (username !== undefined) return { user: username, password: password ?? '' };
  const place = new URL(url ?? onvif ?? '');
  if (place.username !== '') {
    return { user: decodeURIComponent(place.username), password: decodeURIComponent(place.password) };
  }
  const stream = streams.find((one) => new URL(one.url).hostname.toLowerCase() === place.hostname);
  if (stream === undefined) return undefined;
  if (stream.username !== undefined) return { user: stream.username, password: stream.password ?? '' };
  const inUrl = splitCredentials(stream.url);
  return inUrl.user === undefined ? undefined : { user: inUrl.user, password: inUrl.password ?? '' };
};

/** Who asks while a picture is being taken, or right after, gets the same one. */
class SharedSnapshots implements SnapshotSource {
  #last: Promise<Snapshot> | undefined;

  constructor(private readonly fetch: Take) {}

  take(): Promise<Snapshot> {
    this.#last ??= this.#begin();
    return this.#last;
  }

  /** Who asked first may go: the others still want the picture, and the fetch has an end of its own. */
  #begin(): Promise<Snapshot> {
    const taking = this.fetch(new AbortController().signal).then((image) => ({ image, takenAt: new Date() }));
    const forget = (): void => void setTimeout(() => (this.#last = undefined), FRESH_MS).unref();
    taking.then(forget, forget);
    return taking;
  }
}
