import { field, type Answer, type DeviceState } from './onvif-answers.js';

export const sourceToken = (channel: number): string => `source-${channel + 1}`;
/** The first camera's profiles are `main` and `sub`, the second's `main-2` and `sub-2`. */
export const profileToken = (name: string, channel: number): string =>
  channel === 0 ? name : `${name}-${channel + 1}`;

export const SIZES: Record<string, readonly [width: number, height: number]> = { main: [1280, 720], sub: [640, 360] };

const sourceConfiguration = (channel: number): string =>
  `<tt:VideoSourceConfiguration token="vsc-${channel + 1}"><tt:Name>vsc-${channel + 1}</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>${sourceToken(channel)}</tt:SourceToken><tt:Bounds x="0" y="0" width="1280" height="720"/></tt:VideoSourceConfiguration>`;

const encoderConfiguration = (name: string, channel: number): string => {
  const [width, height] = SIZES[name] ?? [0, 0];
  const token = `vec-${profileToken(name, channel)}`;
  return [
    `<tt:VideoEncoderConfiguration token="${token}"><tt:Name>${token}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>`,
    `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality>`,
    '<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>',
    '<tt:H264><tt:GovLength>25</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>',
    '<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>',
    '<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>',
  ].join('');
};

const ptzConfiguration = (channel: number): string =>
  `<tt:PTZConfiguration token="ptz-${channel + 1}"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount><tt:NodeToken>node-${channel + 1}</tt:NodeToken></tt:PTZConfiguration>`;

/** Only the first camera can be turned. */
const profile = (tag: string, name: string, channel: number, { ptz }: DeviceState): string => {
  const token = profileToken(name, channel);
  const turns = ptz && channel === 0 ? ptzConfiguration(channel) : '';
  return `<${tag} token="${token}" fixed="true"><tt:Name>${token}</tt:Name>${sourceConfiguration(channel)}${encoderConfiguration(name, channel)}${turns}</${tag}>`;
};

export const channelsOf = ({ channels }: DeviceState): number[] =>
  Array.from({ length: channels }, (_, index) => index);

export const streamOf = (request: string, { liveUrls }: DeviceState): string =>
  liveUrls[/^sub/.test(field(request, 'ProfileToken') ?? '') ? 1 : 0] ?? '';

export const snapshotOf = ({ url }: DeviceState): string => `${url.replace(/\/onvif$/, '')}/snapshot.jpg?profile=main`;

const mediaUri = (uri: string): string =>
  `<MediaUri><tt:Uri>${uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></MediaUri>`;

/** A large picture that is H.265 is none that this service could describe. */
const shownBy = ({ lacks }: DeviceState): string[] => (lacks.includes('media2') ? ['sub', 'main'] : ['sub']);

/** What the media service answers, by the name of the action. */
export const mediaAnswers: Record<string, Answer> = {
  // The small one first: a client must not trust the order.
  GetProfiles: (_request, state) =>
    channelsOf(state)
      .flatMap((channel) => shownBy(state).map((name) => profile('Profiles', name, channel, state)))
      .join(''),
  GetProfile: (request, state) => {
    const [, name = 'main', number = '1'] = /^(main|sub)(?:-(\d+))?$/.exec(field(request, 'ProfileToken') ?? '') ?? [];
    return profile('Profile', name, Number(number) - 1, state);
  },
  GetVideoSources: (_request, state) =>
    channelsOf(state)
      .map(
        (channel) =>
          `<VideoSources token="${sourceToken(channel)}"><tt:Framerate>25</tt:Framerate><tt:Resolution><tt:Width>1280</tt:Width><tt:Height>720</tt:Height></tt:Resolution></VideoSources>`,
      )
      .join(''),
  GetStreamUri: (request, state) => mediaUri(streamOf(request, state)),
  GetSnapshotUri: (_request, state) => mediaUri(snapshotOf(state)),
  GetVideoEncoderConfigurationOptions: () =>
    '<Options><tt:QualityRange><tt:Min>1</tt:Min><tt:Max>5</tt:Max></tt:QualityRange><tt:H264><tt:ResolutionsAvailable><tt:Width>1280</tt:Width><tt:Height>720</tt:Height></tt:ResolutionsAvailable><tt:GovLengthRange><tt:Min>1</tt:Min><tt:Max>100</tt:Max></tt:GovLengthRange><tt:FrameRateRange><tt:Min>1</tt:Min><tt:Max>25</tt:Max></tt:FrameRateRange><tt:EncodingIntervalRange><tt:Min>1</tt:Min><tt:Max>1</tt:Max></tt:EncodingIntervalRange><tt:H264ProfilesSupported>Main</tt:H264ProfilesSupported></tt:H264></Options>',
  GetVideoEncoderConfiguration: (request) => {
    const isSmall = /sub/.test(field(request, 'ConfigurationToken') ?? '');
    return encoderConfiguration(isSmall ? 'sub' : 'main', 0).replaceAll(
      'tt:VideoEncoderConfiguration',
      'Configuration',
    );
  },
};
