import { field, type Answer, type DeviceState } from './onvif-answers.js';
import { channelsOf, profileToken, SIZES, snapshotOf, sourceToken, streamOf } from './onvif-media-answers.js';

/** The large picture is H.265, which Media 1 does not show. */
export const MEDIA2_CODECS: Record<string, string> = { main: 'H265', sub: 'H264' };

const videoSource = (channel: number): string =>
  `<VideoSource token="vsc-${channel + 1}"><tt:Name>vsc-${channel + 1}</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>${sourceToken(channel)}</tt:SourceToken><tt:Bounds x="0" y="0" width="1280" height="720"/></VideoSource>`;

const videoEncoder = (name: string, channel: number): string => {
  const [width, height] = SIZES[name] ?? [0, 0];
  const token = `vec-${profileToken(name, channel)}`;
  return [
    `<VideoEncoder token="${token}" GovLength="25" Profile="Main"><tt:Name>${token}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${MEDIA2_CODECS[name]}</tt:Encoding>`,
    `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution>`,
    '<tt:RateControl ConstantBitRate="true"><tt:FrameRateLimit>12.5</tt:FrameRateLimit><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>',
    '<tt:Quality>4</tt:Quality></VideoEncoder>',
  ].join('');
};

const ptz = (channel: number): string =>
  `<PTZ token="ptz-${channel + 1}"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount><tt:NodeToken>node-${channel + 1}</tt:NodeToken></PTZ>`;

const profile = (name: string, channel: number, state: DeviceState, isWhole: boolean): string => {
  const token = profileToken(name, channel);
  const turns = state.ptz && channel === 0 ? ptz(channel) : '';
  const configurations = isWhole ? videoSource(channel) + videoEncoder(name, channel) + turns : '';
  return `<Profiles token="${token}" fixed="true"><Name>${token}</Name><Configurations>${configurations}</Configurations></Profiles>`;
};

/** What the Media 2 service answers, by the name of the action after a mark: Media 1 has the same names. */
export const media2Answers: Record<string, Answer> = {
  'media2:GetProfiles': (request, state) =>
    channelsOf(state)
      .flatMap((channel) =>
        ['sub', 'main'].map((name) => profile(name, channel, state, field(request, 'Type') === 'All')),
      )
      .join(''),
  'media2:GetStreamUri': (request, state) => {
    // RtspUnicast is RTP by UDP.
    const isKnown = field(request, 'Protocol') === 'RTSP';
    return isKnown ? `<Uri>${streamOf(request, state)}</Uri>` : '';
  },
  'media2:GetSnapshotUri': (_request, state) => `<Uri>${snapshotOf(state)}</Uri>`,
};
