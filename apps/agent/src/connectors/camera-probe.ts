import type { Duplex } from 'node:stream';
import {
  asMediaError,
  dialRtsp,
  MediaError,
  RtspClient,
  splitCredentials,
  type Credentials,
  type Track,
} from '@app/media';
import { pictureOf } from './picture.js';
import type { Picture } from './picture-size.js';

export interface CameraProbeOptions {
  /** Take precedence over credentials in the URL. */
  username?: string | undefined;
  password?: string | undefined;
  /** Of the whole probe. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What a camera's DESCRIBE says of its picture, or of its sound where it has none. */
export interface CameraProbe extends Picture {
  /** RTP encoding name of the video, e.g. H264; of the sound of a camera without a picture. */
  codec: string;
  hasAudio: boolean;
}

export const CAMERA_PROBE_TIMEOUT_MS = 5_000;

/**
 * Connects to a camera and asks what it offers, without opening a session.
 * @param url rtsp:// URL, with or without credentials
 * @throws MediaError `camera-unreachable`, `camera-timeout`, `camera-unauthorized`, `camera-not-found`, `camera-refused`, `camera-no-media`, …
 */
export const probeCamera = async (url: string, options: CameraProbeOptions = {}): Promise<CameraProbe> => {
  const { url: plain, user, password } = splitCredentials(url);
  const credentials = credentialsOf(options.username ?? user, options.password ?? password);
  const timeout = AbortSignal.timeout(options.timeoutMs ?? CAMERA_PROBE_TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const socket = await dial(plain, signal);
  const client = new RtspClient(plain, socket, SILENT, credentials);
  const expire = (): void => void socket.destroy(new MediaError('camera-timeout', 'The camera did not answer in time'));
  signal.addEventListener('abort', expire, { once: true });
  try {
    return read((await client.describe()).tracks);
  } catch (error) {
    if (timeout.aborted) throw new MediaError('camera-timeout', 'The camera did not answer in time');
    throw asMediaError(error, 'camera-refused');
  } finally {
    signal.removeEventListener('abort', expire);
    await client.close();
  }
};

const SILENT = { unit: () => undefined, report: () => undefined, ended: () => undefined };

const credentialsOf = (user: string | undefined, password: string | undefined): Credentials | undefined =>
  user === undefined ? undefined : { user, password: password ?? '' };

const read = (tracks: readonly Track[]): CameraProbe => {
  const video = tracks.find((track) => track.kind === 'video');
  const sound = tracks.find((track) => track.kind === 'audio');
  const shown = video ?? sound;
  if (shown === undefined) throw new MediaError('camera-no-media', 'The camera offers neither video nor audio');
  const picture = video === undefined ? NO_PICTURE : pictureOf(video);
  return { codec: shown.codec, hasAudio: sound !== undefined, ...picture };
};

const NO_PICTURE: Picture = { width: null, height: null, frameRate: null };

const dial = async (url: string, signal: AbortSignal): Promise<Duplex> => {
  try {
    return await dialRtsp(url, signal);
  } catch (error) {
    if (signal.aborted) throw new MediaError('camera-timeout', 'The camera did not accept a connection in time');
    throw asMediaError(error, 'camera-unreachable');
  }
};
