import { MediaError } from '@app/media';
import { askMedia, type MediaService } from './media-service.js';
import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt, type XmlNode } from './xml.js';

/** A media profile of a device (ONVIF Media and Media 2 Services): one way to get the picture of one video source. */
export interface MediaProfile {
  token: string;
  name: string;
  /** Which of the media services described it. */
  service: MediaService;
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
  if (!(await device.offers('media', signal)) && !(await device.offers('media2', signal)))
    throw new MediaError('camera-no-media', 'The device has no media service');
  return askMedia(device, 'GetProfiles', signal, async (service) => {
    const found = (await profileNodes(device, service, signal)).map((node) => readProfile(node, service));
    const playable = found.filter(({ token, codec }) => token !== '' && PLAYABLE.test(codec));
    // Some devices have a Media 2 in which nothing is described.
    if (playable.length === 0 && service === 'media2' && (await device.offers('media', signal)))
      throw new MediaError('camera-refused', 'Media 2 of the device describes no stream');
    return playable;
  });
};

/** Rejects with a MediaError. */
export const profileNodes = async (
  device: OnvifDevice,
  service: MediaService,
  signal: AbortSignal,
): Promise<XmlNode[]> => {
  // Without a type, Media 2 leaves out what is in the profiles.
  const asked = service === 'media2' ? '<t:GetProfiles><t:Type>All</t:Type></t:GetProfiles>' : '<t:GetProfiles/>';
  const answer = await device.call(service, asked, signal);
  return listAt(nodeAt(answer, 'GetProfilesResponse'), 'Profiles').slice(0, MAX_PROFILES);
};

/** Where a profile is played, always at the device itself. Rejects with a MediaError. */
export const streamUri = async (
  device: OnvifDevice,
  { token, service }: Pick<MediaProfile, 'token' | 'service'>,
  signal: AbortSignal,
): Promise<string> => {
  const ask = (one: MediaService): Promise<string> => streamUriBy(device, one, token, signal);
  return service === 'media' ? ask('media') : askMedia(device, 'GetStreamUri', signal, ask);
};

const RTP_OVER_RTSP: Record<MediaService, string> = {
  media2: '<t:Protocol>RTSP</t:Protocol>',
  media:
    '<t:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></t:StreamSetup>',
};

const streamUriBy = async (
  device: OnvifDevice,
  service: MediaService,
  token: string,
  signal: AbortSignal,
): Promise<string> => {
  const profile = `<t:ProfileToken>${escapeXml(token)}</t:ProfileToken>`;
  const answer = await device.call(
    service,
    `<t:GetStreamUri>${RTP_OVER_RTSP[service]}${profile}</t:GetStreamUri>`,
    signal,
  );
  const uri = uriOf(nodeAt(answer, 'GetStreamUriResponse'));
  if (uri === undefined || !/^rtsp:\/\//i.test(uri)) {
    throw new MediaError('camera-refused', 'The device names no address of a stream');
  }
  return device.ownUrl(uri);
};

/** Of an answer of GetStreamUri and GetSnapshotUri, in which Media 1 has an element more. */
export const uriOf = (answer: XmlNode | undefined): string | undefined =>
  (textAt(answer, 'MediaUri', 'Uri') ?? textAt(answer, 'Uri'))?.trim();

const readProfile = (node: XmlNode, service: MediaService): MediaProfile => {
  const part = (name: string): XmlNode | undefined =>
    service === 'media2' ? nodeAt(node, 'Configurations', name) : nodeAt(node, `${name}Configuration`);
  const [source, encoder] = [part('VideoSource'), part('VideoEncoder')];
  const number = (...path: string[]): number | null => {
    const value = Number(textAt(encoder, ...path));
    return Number.isFinite(value) && value > 0 ? value : null;
  };
  const token = textAt(node, '@token') ?? '';
  return {
    token,
    name: textAt(node, 'Name') ?? token,
    service,
    source: textAt(source, 'SourceToken') ?? '',
    sourceConfiguration: textAt(source, '@token') ?? '',
    codec: textAt(encoder, 'Encoding') ?? '',
    width: number('Resolution', 'Width'),
    height: number('Resolution', 'Height'),
    frameRate: number('RateControl', 'FrameRateLimit'),
    hasAudio: part('AudioEncoder') !== undefined,
    hasPtz: part('PTZ') !== undefined,
  };
};
