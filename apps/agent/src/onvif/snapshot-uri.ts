import { MediaError } from '@app/media';
import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt } from './xml.js';

/**
 * Where a device gives a still picture of a media profile (ONVIF Media Service, GetSnapshotUri). @param profile without it the first one.
 * Rejects with a MediaError: `camera-replay-refused` for a device that gives none.
 */
export const snapshotUri = async (
  device: OnvifDevice,
  profile: string | undefined,
  signal: AbortSignal,
): Promise<string> => {
  const token = profile ?? (await firstProfile(device, signal));
  const asked = `<t:GetSnapshotUri><t:ProfileToken>${escapeXml(token)}</t:ProfileToken></t:GetSnapshotUri>`;
  const answer = await device.call('media', asked, signal);
  const uri = textAt(nodeAt(answer, 'GetSnapshotUriResponse', 'MediaUri'), 'Uri');
  if (uri === undefined || !/^https?:\/\//i.test(uri)) {
    throw new MediaError('camera-refused', 'The device names no address of a still picture');
  }
  return device.ownUrl(uri);
};

const firstProfile = async (device: OnvifDevice, signal: AbortSignal): Promise<string> => {
  const answer = await device.call('media', '<t:GetProfiles/>', signal);
  const [first] = listAt(nodeAt(answer, 'GetProfilesResponse'), 'Profiles');
  const token = first?.['@token'];
  if (typeof token !== 'string') throw new MediaError('camera-refused', 'The device has no media profile');
  return token;
};
