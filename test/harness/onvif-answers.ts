import { eventAnswers, type EventQueue } from './onvif-event-answers.js';
import { ioAnswers } from './onvif-io-answers.js';
import { mediaAnswers } from './onvif-media-answers.js';
import { media2Answers } from './onvif-media2-answers.js';
import { recordingAnswers, type SimulatedJob } from './onvif-recording-answers.js';
import type { Recording } from './recording.js';

export interface DeviceState {
  recording: Recording;
  /** Results that wait, by token. */
  searches: Map<string, string[]>;
  url: string;
  replayUrl: string;
  /** Of the live streams, the large one first. */
  liveUrls: string[];
  skewMs: number;
  /** Video sources. */
  channels: number;
  ptz: boolean;
  inputs: number;
  /** Logical states of the relay outputs. */
  relays: boolean[];
  presets: { token: string; name: string }[];
  /** What was asked of the PTZ, relay and recording services, in short. */
  commands: string[];
  events: EventQueue;
  jobs: SimulatedJob[];
  /** Last parts of the addresses of services that it does not have. */
  lacks: readonly string[];
}

export type Answer = (request: string, state: DeviceState) => string | Promise<string>;

/** Thrown by an answer: a SOAP fault with this subcode. */
export class DeviceFault extends Error {
  constructor(readonly subcode: string) {
    super(subcode);
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();
export const field = (text: string, name: string): string | undefined =>
  new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(text)?.[1];

export const MEDIA2 = 'http://www.onvif.org/ver20/media/wsdl';

const services = ({ url, lacks }: DeviceState): [string, string][] =>
  allServices(url).filter(([, address]) => !lacks.some((path) => address.endsWith(`/${path}`)));

const allServices = (url: string): [string, string][] => [
  ['http://www.onvif.org/ver10/device/wsdl', `${url}/device_service`],
  ['http://www.onvif.org/ver10/media/wsdl', `${url}/media`],
  [MEDIA2, `${url}/media2`],
  ['http://www.onvif.org/ver10/events/wsdl', `${url}/events`],
  ['http://www.onvif.org/ver20/ptz/wsdl', `${url}/ptz`],
  ['http://www.onvif.org/ver10/deviceIO/wsdl', `${url}/device_io`],
  ['http://www.onvif.org/ver10/recording/wsdl', `${url}/recording`],
  ['http://www.onvif.org/ver10/search/wsdl', `${url}/search`],
  ['http://www.onvif.org/ver10/replay/wsdl', `${url}/replay`],
];

/** Token `1`, which a reader of XML must not turn into a number. The second recording is of sound alone. */
const recordingInformation = ({ fromMs, toMs }: Recording): string[] => {
  const track = (token: string, type: string): string =>
    `<tt:Track><tt:TrackToken>${token}</tt:TrackToken><tt:TrackType>${type}</tt:TrackType><tt:Description/><tt:DataFrom>${iso(fromMs)}</tt:DataFrom><tt:DataTo>${iso(toMs)}</tt:DataTo></tt:Track>`;
  const one = (token: string, tracks: string): string =>
    `<tt:RecordingInformation><tt:RecordingToken>${token}</tt:RecordingToken><tt:Source><tt:SourceId>urn:cam</tt:SourceId><tt:Name>cam</tt:Name></tt:Source><tt:EarliestRecording>${iso(fromMs)}</tt:EarliestRecording><tt:LatestRecording>${iso(toMs)}</tt:LatestRecording><tt:Content/>${tracks}<tt:RecordingStatus>Stopped</tt:RecordingStatus></tt:RecordingInformation>`;
  return [one('0', track('A', 'Audio')), one('1', track('V', 'Video') + track('A', 'Audio'))];
};

/** One change of a track as tns1:RecordingHistory/Track/State tells it. */
const change = (track: string, atMs: number, present: boolean, isStart: boolean): string =>
  [
    `<tt:Result><tt:RecordingToken>1</tt:RecordingToken><tt:TrackToken>${track}</tt:TrackToken><tt:Time>${iso(atMs)}</tt:Time>`,
    '<tt:Event xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"><wsnt:Topic>tns1:RecordingHistory/Track/State</wsnt:Topic>',
    `<wsnt:Message><tt:Message UtcTime="${iso(atMs)}"><tt:Source><tt:SimpleItem Name="RecordingToken" Value="1"/><tt:SimpleItem Name="Track" Value="${track}"/></tt:Source>`,
    `<tt:Data><tt:SimpleItem Name="IsDataPresent" Value="${present}"/></tt:Data></tt:Message></wsnt:Message></tt:Event>`,
    `<tt:StartStateEvent>${isStart}</tt:StartStateEvent></tt:Result>`,
  ].join('');

const events = (recording: Recording, fromMs: number, toMs: number): string[] => {
  const isIn = (ms: number): boolean => recording.segments.some((one) => one.fromMs <= ms && ms < one.toMs);
  const changes = recording.segments.flatMap((one) => [
    { atMs: one.fromMs, present: true },
    { atMs: one.toMs, present: false },
  ]);
  const inside = changes.filter(({ atMs }) => atMs > fromMs && atMs < toMs);
  // The sound of this device is never there: its track must not hide the picture's.
  return [
    change('V', fromMs, isIn(fromMs), true),
    change('A', fromMs, false, true),
    ...inside.map(({ atMs, present }) => change('V', atMs, present, false)),
  ];
};

const begin = (state: DeviceState, results: string[]): string => {
  const token = `search-${state.searches.size + 1}`;
  state.searches.set(token, results);
  return `<SearchToken>${token}</SearchToken>`;
};

/** Two results at a time, so that a client has to ask again. */
const next: Answer = (request, state) => {
  const results = state.searches.get(field(request, 'SearchToken') ?? '') ?? [];
  const page = results.splice(0, 2);
  return `<ResultList><tt:SearchState>${results.length > 0 ? 'Searching' : 'Completed'}</tt:SearchState>${page.join('')}</ResultList>`;
};

/** What the device answers, by the name of the action. */
export const answers: Record<string, Answer> = {
  ...mediaAnswers,
  ...media2Answers,
  ...ioAnswers,
  ...eventAnswers,
  ...recordingAnswers,
  GetSystemDateAndTime: (_request, { skewMs }) => {
    const now = new Date(Date.now() + skewMs);
    const time = `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>`;
    const date = `<tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>`;
    return `<SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>${time}${date}</tt:UTCDateTime></SystemDateAndTime>`;
  },
  GetDeviceInformation: () =>
    '<Manufacturer>Adit</Manufacturer><Model>Simulator</Model><FirmwareVersion>1</FirmwareVersion><SerialNumber>1</SerialNumber><HardwareId>1</HardwareId>',
  GetHostname: () =>
    '<HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>simulator</tt:Name></HostnameInformation>',
  GetServices: (_request, state) =>
    services(state)
      .map(
        ([namespace, address]) =>
          `<Service><Namespace>${namespace}</Namespace><XAddr>${address}</XAddr><Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor></Version></Service>`,
      )
      .join(''),
  GetCapabilities: (_request, { url, ptz, inputs, relays, lacks }) => {
    const at = (name: string, path: string, more = ''): string =>
      `<tt:${name}><tt:XAddr>${url}/${path}</tt:XAddr>${more}</tt:${name}>`;
    const events =
      '<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport>';
    const streaming =
      '<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities>';
    const main = [at('Device', 'device_service'), at('Events', 'events', events)];
    if (!lacks.includes('media')) main.push(at('Media', 'media', streaming));
    const io = `<tt:VideoSources>1</tt:VideoSources><tt:VideoOutputs>0</tt:VideoOutputs><tt:AudioSources>0</tt:AudioSources><tt:AudioOutputs>0</tt:AudioOutputs><tt:RelayOutputs>${relays.length}</tt:RelayOutputs><tt:DigitalInputs>${inputs}</tt:DigitalInputs>`;
    const extension = [
      at('DeviceIO', 'device_io', io),
      lacks.includes('recording') ? '' : at('Recording', 'recording'),
    ];
    extension.push(at('Search', 'search'), at('Replay', 'replay'));
    return `<Capabilities>${main.join('')}${ptz ? at('PTZ', 'ptz') : ''}<tt:Extension>${extension.join('')}</tt:Extension></Capabilities>`;
  },
  GetRecordingSummary: (_request, { recording }) =>
    `<Summary><tt:DataFrom>${iso(recording.fromMs)}</tt:DataFrom><tt:DataUntil>${iso(recording.toMs)}</tt:DataUntil><tt:NumberRecordings>2</tt:NumberRecordings></Summary>`,
  FindRecordings: (request, state) => {
    const wanted = field(request, 'IncludedRecordings');
    const found = recordingInformation(state.recording);
    return begin(state, wanted === undefined ? found : found.filter((one) => field(one, 'RecordingToken') === wanted));
  },
  GetRecordingSearchResults: next,
  FindEvents: (request, state) =>
    begin(
      state,
      events(
        state.recording,
        Date.parse(field(request, 'StartPoint') ?? ''),
        Date.parse(field(request, 'EndPoint') ?? ''),
      ),
    ),
  GetEventSearchResults: next,
  EndSearch: (request, state) => {
    state.searches.delete(field(request, 'SearchToken') ?? '');
    return `<Endpoint>${iso(state.recording.toMs)}</Endpoint>`;
  },
  GetReplayUri: (_request, { replayUrl }) => `<Uri>${replayUrl}</Uri>`,
};
