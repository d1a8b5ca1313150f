import { MediaError } from '@app/media';
import { uriOf, profileNodes, type MediaProfile } from './media-profiles.js';
import { askMedia, type MediaService } from './media-service.js';
import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, nodeAt } from './xml.js';

/** A media profile; without a token the first one, without a service whichever has it. */
export type SnapshotProfile = Partial<Pick<MediaProfile, 'token' | 'service'>>;

/**
 * Where a device gives a still picture of a media profile (ONVIF Media and Media 2 Services, GetSnapshotUri).
 * Rejects with a MediaError: `camera-replay-refused` for a device that gives none.
 */
export const snapshotUri = async (
  device: OnvifDevice,
  { token, service }: SnapshotProfile,
  signal: AbortSignal,
): Promise<string> => {
  const ask = (one: MediaService): Promise<string> => snapshotUriBy(device, one, token, signal);
  return service === 'media' ? ask('media') : askMedia(device, 'GetSnapshotUri', signal, ask);
};

const snapshotUriBy = async (
  device: OnvifDevice,
  service: MediaService,
  profile: string | undefined,
  signal: AbortSignal,
): Promise<string> => {
  const token = profile ?? (await firstProfile(device, service, signal));
  const asked = `<t:GetSnapshotUri><t:ProfileToken>${escapeXml(token)}</t:ProfileToken></t:GetSnapshotUri>`;
  const answer = await device.call(service, asked, signal);
  const uri = uriOf(nodeAt(answer, 'GetSnapshotUriResponse'));
  if (uri === undefined || !/^https?:\/\//i.test(uri)) {
    throw new MediaError('camera-refused', 'The device names no address of a still picture');
  }
  return device.ownUrl(uri);
};

const firstProfile = async (device: OnvifDevice, service: MediaService, signal: AbortSignal): Promise<string> => {
  const [first] = await profileNodes(device, service, signal);
  const token = first?.['@token'];
  if (typeof token !== 'string') throw new MediaError('camera-refused', 'The device has no media profile');
  return token;
};
