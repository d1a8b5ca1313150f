import { displayName } from '@app/contracts';
import { splitCredentials, type Credentials } from '@app/media';
import { isMap, type Document, parseDocument } from 'yaml';
import { z } from 'zod';
import { areaPath } from '../areas.js';
import { CAMERA_LIST_MAX_BYTES } from '../camera-list.js';
import { ConnectorError } from '../errors.js';
import { readYaml } from '../yaml-list.js';

const MAX_DEVICES = 1_000;
const SERVICE_PATH = '/onvif/device_service';

/** `host`, `host:port` or the URL of the device service, as a URL. Undefined for what is none. */
export const serviceUrlOf = (address: string): string | undefined => {
  const isUrl = /^https?:\/\//i.test(address);
  const url = URL.parse(isUrl ? address : `http://${address}`);
  if (url === null || url.hostname === '' || (!isUrl && url.pathname !== '/')) return undefined;
  if (url.pathname === '/') url.pathname = SERVICE_PATH;
  return url.href;
};

const onvifEntry = z.strictObject({
  // Shorter than a camera's: it is the name of a file of the account store, with a mark before it.
  id: z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,45}[a-z0-9])?$/, 'an id: a–z, 0–9, dots, hyphens, at most 47'),
  name: displayName,
  address: z
    .string()
    .max(2_000)
    .refine((text) => serviceUrlOf(text) !== undefined, 'host, host:port or the URL of the device service'),
  area: areaPath.optional(),
  /** Whether the device is asked for its events; yes without it. */
  events: z.boolean().optional(),
  username: z.string().min(1).max(200).optional(),
  password: z.string().max(200).optional(),
});

const onvifList = z.strictObject({ devices: z.array(onvifEntry).max(MAX_DEVICES).nullable().default([]) });

/** A device of `onvif.yaml`. */
export type OnvifEntry = z.infer<typeof onvifEntry>;

/** Without credentials. */
export const serviceOf = ({ address }: OnvifEntry): string => splitCredentials(serviceUrlOf(address) ?? '').url;

/** What the list itself says of the account of a device. */
export const accountInList = ({ address, username, password }: OnvifEntry): Credentials | undefined => {
  const inUrl = splitCredentials(serviceUrlOf(address) ?? '');
  const user = username ?? inUrl.user;
  return user === undefined ? undefined : { user, password: password ?? inUrl.password ?? '' };
};

/**
 * Reads the text of `onvif.yaml`. An empty text is an empty list.
 * @throws ConnectorError `camera-list-too-large`, `camera-list-not-yaml`, `camera-list-invalid`; the message names line and member
 */
export const parseOnvifList = (text: string): OnvifEntry[] => {
  if (Buffer.byteLength(text) > CAMERA_LIST_MAX_BYTES) {
    throw new ConnectorError('camera-list-too-large', `The list is larger than ${CAMERA_LIST_MAX_BYTES} bytes`);
  }
  const devices = readYaml(text, onvifList).devices ?? [];
  const seen = new Set<string>();
  for (const { id } of devices) {
    if (seen.has(id)) throw new ConnectorError('camera-list-invalid', `devices: the id ${id} is there twice`);
    seen.add(id);
  }
  return devices;
};

const HEADER = ' ONVIF devices of this site. The agent reads it again within two seconds of a change.';

/** Adds or replaces a device and keeps the comments of the list. @returns the new text */
export const withDevice = (text: string, device: OnvifEntry): string => {
  const known = parseOnvifList(text);
  const document = openList(text);
  if (known.length === 0) document.set('devices', document.createNode([]));
  const at = known.findIndex(({ id }) => id === device.id);
  document.setIn(['devices', at < 0 ? known.length : at], document.createNode(onvifEntry.parse(device)));
  return document.toString({ flowCollectionPadding: false });
};

/** A text without content keeps its comments. */
const openList = (text: string): Document => {
  if (text.trim() === '') return parseDocument(`#${HEADER}\ndevices: []\n`);
  const document = parseDocument(text);
  return isMap(document.contents) ? document : parseDocument(`${text.trimEnd()}\ndevices: []\n`);
};

/** @throws ConnectorError `camera-unknown` */
export const withoutDevice = (text: string, id: string): string => {
  const at = parseOnvifList(text).findIndex((device) => device.id === id);
  if (at < 0) throw new ConnectorError('camera-unknown', `The list has no device ${id}`);
  const document = parseDocument(text);
  document.deleteIn(['devices', at]);
  return document.toString();
};
