import { MediaError } from '@app/media';
import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt, type XmlNode } from './xml.js';

/** A media profile of a device (ONVIF Media Service): one way to get the picture of one video source. */
export interface MediaProfile {
  token: string;
  name: string;
  /** Token of the video source that it shows. */
  source: string;
  /** Token of the configuration of that source, which events name instead. */
  sourceConfiguration: string;
  /** RTP encoding name, such as H264. */
  codec: string;
  /** Pixels; null when the device does not say. */
  width: number | null;
  height: number | null;
  /** Frames per second; null when the device does not say. */
  frameRate: number | null;
  hasAudio: boolean;
  hasPtz: boolean;
}

const MAX_PROFILES = 256;
const PLAYABLE = /^h26[45]$/i;

/** Profiles with a picture that can be passed on, in the order of the device. Rejects with a MediaError. */
export const mediaProfiles = async (device: OnvifDevice, signal: AbortSignal): Promise<MediaProfile[]> => {
  if (!(await device.offers('media', signal)))
    throw new MediaError('camera-no-media', 'The device has no media service');
  const answer = await device.call('media', '<t:GetProfiles/>', signal);
  const all = listAt(nodeAt(answer, 'GetProfilesResponse'), 'Profiles').slice(0, MAX_PROFILES);
  return all.map(readProfile).filter(({ token, codec }) => token !== '' && PLAYABLE.test(codec));
};

/** Where a profile is played, always at the device itself. Rejects with a MediaError. */
export const streamUri = async (device: OnvifDevice, token: string, signal: AbortSignal): Promise<string> => {
  const setup = '<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>';
  const asked = `<t:GetStreamUri><t:StreamSetup>${setup}</t:StreamSetup><t:ProfileToken>${escapeXml(token)}</t:ProfileToken></t:GetStreamUri>`;
  const answer = await device.call('media', asked, signal);
  const uri = textAt(nodeAt(answer, 'GetStreamUriResponse', 'MediaUri'), 'Uri')?.trim();
  if (uri === undefined || !/^rtsp:\/\//i.test(uri)) {
    throw new MediaError('camera-refused', 'The device names no address of a stream');
  }
  return device.ownUrl(uri);
};

const readProfile = (node: XmlNode): MediaProfile => {
  const encoder = nodeAt(node, 'VideoEncoderConfiguration');
  const number = (...path: string[]): number | null => {
    const value = Number(textAt(encoder, ...path));
    return Number.isFinite(value) && value > 0 ? value : null;
  };
  const token = textAt(node, '@token') ?? '';
  return {
    token,
    name: textAt(node, 'Name') ?? token,
    source: textAt(node, 'VideoSourceConfiguration', 'SourceToken') ?? '',
    sourceConfiguration: textAt(node, 'VideoSourceConfiguration', '@token') ?? '',
    codec: textAt(encoder, 'Encoding') ?? '',
    width: number('Resolution', 'Width'),
    height: number('Resolution', 'Height'),
    frameRate: number('RateControl', 'FrameRateLimit'),
    hasAudio: 'AudioEncoderConfiguration' in node,
    hasPtz: 'PTZConfiguration' in node,
  };
};
