import { displayName, streamUsage } from '@app/contracts';
import { cameraTransports, splitCredentials } from '@app/media';
import { isMap, type Document, parseDocument } from 'yaml';
import { z } from 'zod';
import { areaPath } from './areas.js';
import { ConnectorError } from './errors.js';
import { readYaml } from './yaml-list.js';

export const CAMERA_LIST_MAX_BYTES = 1 << 20;
const MAX_CAMERAS = 2_000;
const MAX_STREAMS = 8;

const rtspUrl = z
  .string()
  .max(2_000)
  .refine((text) => /^rtsp:\/\//i.test(text) && URL.canParse(text) && new URL(text).hostname !== '', 'an rtsp:// URL');

const cameraStream = z.strictObject({
  url: rtspUrl,
  usages: z
    .array(streamUsage.exclude(['automatic']))
    .max(8)
    .optional(),
  /** How RTP comes; TCP without it. */
  transport: z.enum(cameraTransports).optional(),
  username: z.string().min(1).max(200).optional(),
  password: z.string().max(200).optional(),
});

const httpUrl = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), 'an http:// or https:// URL');

const recordings = z
  .strictObject({
    url: rtspUrl.optional(),
    onvif: httpUrl.optional(),
    recording: z.string().min(1).max(200).optional(),
    username: z.string().min(1).max(200).optional(),
    password: z.string().max(200).optional(),
  })
  .refine(({ url, onvif }) => (url === undefined) !== (onvif === undefined), 'either url or onvif')
  .refine(({ onvif, recording }) => recording === undefined || onvif !== undefined, 'recording belongs to onvif');

const snapshot = z.union([
  httpUrl.transform((url): CameraSnapshot => ({ url })),
  z
    .strictObject({
      url: httpUrl.optional(),
      onvif: httpUrl.optional(),
      profile: z.string().min(1).max(200).optional(),
      username: z.string().min(1).max(200).optional(),
      password: z.string().max(200).optional(),
    })
    .refine(({ url, onvif }) => (url === undefined) !== (onvif === undefined), 'either url or onvif')
    .refine(({ onvif, profile }) => profile === undefined || onvif !== undefined, 'profile belongs to onvif'),
]);

const hostOf = (url: string | undefined): string =>
  url !== undefined && URL.canParse(url) ? new URL(url).hostname.toLowerCase() : '';

const cameraEntry = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/, 'an id: a–z, 0–9, dots, hyphens, at most 63'),
    name: displayName,
    area: areaPath.optional(),
    streams: z.array(cameraStream).min(1).max(MAX_STREAMS),
    recordings: recordings.optional(),
    snapshot: snapshot.optional(),
  })
  // The account of the camera goes nowhere else, and no list makes the agent ask other machines of the site.
  .refine(
    ({ streams, snapshot: { url, onvif } = {} }) => {
      const host = hostOf(url ?? onvif);
      return host === '' || streams.some((stream) => hostOf(stream.url) === host);
    },
    { path: ['snapshot'], message: 'on the host of one of its streams' },
  );

const cameraList = z.strictObject({ cameras: z.array(cameraEntry).max(MAX_CAMERAS).nullable().default([]) });

/** One picture source of a camera. Credentials stay on the site. */
export type CameraStream = z.infer<typeof cameraStream>;
/** Where a camera's recordings are: an ONVIF device that is asked for them, or an RTSP replay URL. */
export type CameraRecordings = z.infer<typeof recordings>;
/** Where a camera gives a still picture: a URL, or an ONVIF device that is asked for it. */
export interface CameraSnapshot {
  url?: string | undefined;
  onvif?: string | undefined;
  /** Token of the media profile; without it the first one. */
  profile?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
}
/** A camera of the list; a high and a low resolution are two streams of one camera. */
export type CameraEntry = z.infer<typeof cameraEntry>;

/**
 * Reads the text of `cameras.yaml`. An empty text is an empty list.
 * @throws ConnectorError `camera-list-too-large`, `camera-list-not-yaml`, `camera-list-invalid`; the message names line and member
 */
export const parseCameraList = (text: string): CameraEntry[] => {
  if (Buffer.byteLength(text) > CAMERA_LIST_MAX_BYTES) {
    throw new ConnectorError('camera-list-too-large', `The list is larger than ${CAMERA_LIST_MAX_BYTES} bytes`);
  }
  const cameras = readYaml(text, cameraList).cameras ?? [];
  refuseTwins(cameras);
  return cameras;
};

const refuseTwins = (cameras: readonly CameraEntry[]): void => {
  const seen = new Set<string>();
  for (const { id } of cameras) {
    if (seen.has(id)) throw new ConnectorError('camera-list-invalid', `cameras: the id ${id} is there twice`);
    seen.add(id);
  }
};

const HEADER = ' Cameras of this site. The agent reads it again within two seconds of a change.';

/** Adds or replaces a camera and keeps the comments of the list. @returns the new text */
export const withCamera = (text: string, camera: CameraEntry): string => {
  const known = parseCameraList(text);
  const document = openList(text);
  if (known.length === 0) document.set('cameras', document.createNode([]));
  const at = known.findIndex(({ id }) => id === camera.id);
  document.setIn(['cameras', at < 0 ? known.length : at], document.createNode(cameraEntry.parse(camera)));
  return document.toString({ flowCollectionPadding: false });
};

/** A text without content keeps its comments. */
const openList = (text: string): Document => {
  if (text.trim() === '') return parseDocument(`#${HEADER}\ncameras: []\n`);
  const document = parseDocument(text);
  return isMap(document.contents) ? document : parseDocument(`${text.trimEnd()}\ncameras: []\n`);
};

/** @throws ConnectorError `camera-unknown` */
export const withoutCamera = (text: string, id: string): string => {
  const at = parseCameraList(text).findIndex((camera) => camera.id === id);
  if (at < 0) throw new ConnectorError('camera-unknown', `The list has no camera ${id}`);
  const document = parseDocument(text);
  document.deleteIn(['cameras', at]);
  return document.toString();
};

/** @param part of the cameras; all of them without it. A text without such an account comes back as it is. */
export const withoutAccounts = (text: string, ids: readonly string[], part?: 'streams' | 'recordings'): string => {
  const document = parseDocument(text);
  let isChanged = false;
  const stripUrl = (path: readonly (string | number)[]): void => {
    const given: unknown = document.getIn(path);
    const { url } = splitCredentials(typeof given === 'string' ? given : '');
    if (typeof given !== 'string' || url === given) return;
    document.setIn(path, url);
    isChanged = true;
  };
  const strip = (path: readonly (string | number)[]): void => {
    // A still picture may be just its URL.
    if (typeof document.getIn(path) === 'string') return stripUrl(path);
    for (const member of ['username', 'password']) {
      isChanged = document.deleteIn([...path, member]) || isChanged;
    }
    for (const member of ['url', 'onvif']) stripUrl([...path, member]);
  };
  for (const [at, { id, streams, recordings, snapshot }] of parseCameraList(text).entries()) {
    if (!ids.includes(id)) continue;
    for (const index of part === 'recordings' ? [] : streams.keys()) strip(['cameras', at, 'streams', index]);
    if (recordings !== undefined && part !== 'streams') strip(['cameras', at, 'recordings']);
    if (snapshot !== undefined && part === undefined) strip(['cameras', at, 'snapshot']);
  }
  return isChanged ? document.toString() : text;
};
