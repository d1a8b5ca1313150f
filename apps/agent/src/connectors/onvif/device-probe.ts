import type { Credentials } from '@app/media';
import { mediaProfiles } from '../../onvif/media-profiles.js';
import { OnvifDevice } from '../../onvif/onvif-device.js';
import { nodeAt, textAt } from '../../onvif/xml.js';

/** What a device says when it is asked once. */
export interface DeviceProbe {
  model: string;
  cameras: number;
  profiles: number;
  /** Its clock minus ours. */
  skewMs: number;
}

const TIMEOUT_MS = 15_000;

/** Signs in to a device and looks what it has. Rejects with a MediaError. */
export const probeDevice = async (service: string, account: Credentials | undefined): Promise<DeviceProbe> => {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const device = new OnvifDevice(service, account);
  await device.look(signal);
  const answer = await device.call('device', '<t:GetDeviceInformation/>', signal);
  const information = nodeAt(answer, 'GetDeviceInformationResponse');
  const profiles = await mediaProfiles(device, signal);
  const model = [textAt(information, 'Manufacturer'), textAt(information, 'Model')].filter(Boolean).join(' ');
  const cameras = new Set(profiles.map(({ source }) => source)).size;
  return {
    model: model.replace(/\p{C}/gu, '').slice(0, 100),
    cameras,
    profiles: profiles.length,
    skewMs: device.skewMs,
  };
};
