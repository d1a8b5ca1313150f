import { MediaError } from '@app/media';
import { digitalInputs, relayOutputs, type RelayOutput } from '../../onvif/device-io.js';
import { streamUri, type MediaProfile } from '../../onvif/media-profiles.js';
import type { OnvifDevice } from '../../onvif/onvif-device.js';
import { Ptz, type PtzPreset } from '../../onvif/ptz.js';
import { nodeAt, textAt } from '../../onvif/xml.js';

export interface InventoryProfile extends MediaProfile {
  /** rtsp:// URL at the device, without credentials. */
  url: string;
}

/** One camera of a device: a video source with the profiles that show it. */
export interface InventorySource {
  token: string;
  profiles: InventoryProfile[];
  /** Undefined for a camera that cannot be turned. */
  ptz: { profile: string; presets: PtzPreset[] } | undefined;
}

/** What a device has, as plain JSON. */
export interface Inventory {
  manufacturer: string;
  model: string;
  firmware: string;
  serial: string;
  sources: InventorySource[];
  inputs: string[];
  outputs: RelayOutput[];
  hasEvents: boolean;
  hasRecordings: boolean;
}

const MAX_SOURCES = 64;
const MAX_PROFILES = 8;

/** Asks a device for all that it has. @param profiles of `mediaProfiles`. Rejects with a MediaError. */
export const readInventory = async (
  device: OnvifDevice,
  profiles: readonly MediaProfile[],
  signal: AbortSignal,
): Promise<Inventory> => {
  const information = await device.call('device', '<t:GetDeviceInformation/>', signal);
  const fact = (name: string): string =>
    (textAt(nodeAt(information, 'GetDeviceInformationResponse'), name) ?? '').slice(0, 200);
  return {
    manufacturer: fact('Manufacturer'),
    model: fact('Model'),
    firmware: fact('FirmwareVersion'),
    serial: fact('SerialNumber'),
    sources: await readSources(device, profiles, signal),
    inputs: (await device.offers('deviceIo', signal)) ? await optional(digitalInputs(device, signal), []) : [],
    outputs: await optional(relayOutputs(device, signal), []),
    hasEvents: await device.offers('events', signal),
    hasRecordings: (await device.offers('search', signal)) && (await device.offers('replay', signal)),
  };
};

const readSources = async (
  device: OnvifDevice,
  profiles: readonly MediaProfile[],
  signal: AbortSignal,
): Promise<InventorySource[]> => {
  const tokens = [...new Set(profiles.map(({ source }) => source))].slice(0, MAX_SOURCES);
  const hasPtz = await device.offers('ptz', signal);
  const sources: InventorySource[] = [];
  for (const token of tokens) {
    const own = profiles.filter(({ source }) => source === token).slice(0, MAX_PROFILES);
    const turns = hasPtz ? own.find((profile) => profile.hasPtz) : undefined;
    sources.push({
      token,
      profiles: await withUrls(device, own, signal),
      ptz: turns && { profile: turns.token, presets: await optional(new Ptz(device, turns.token).presets(signal), []) },
    });
  }
  return sources;
};

/** A device with hundreds of profiles is asked one by one: many of them take no more than one connection. */
const withUrls = async (
  device: OnvifDevice,
  profiles: readonly MediaProfile[],
  signal: AbortSignal,
): Promise<InventoryProfile[]> => {
  const found: InventoryProfile[] = [];
  for (const profile of profiles) {
    const url = await optional(streamUri(device, profile, signal), undefined);
    if (url !== undefined) found.push({ ...profile, url });
  }
  return found;
};

/** What a device refuses is what it does not have; that it is away, or refuses the account, is something else. */
const optional = async <T>(asked: Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof MediaError && REFUSED.has(error.code)) return otherwise;
    throw error;
  }
};

const REFUSED: ReadonlySet<string> = new Set(['camera-refused', 'camera-replay-refused']);
