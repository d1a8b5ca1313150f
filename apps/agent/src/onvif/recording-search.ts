import { MediaError, type RecordedRange } from '@app/media';
import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt, timeOf, type XmlNode } from './xml.js';

/** One recording of a device, as its search service describes it. */
export interface FoundRecording {
  token: string;
  /** What was recorded: the token of a profile, a URI or a name, as the device likes; empty when it does not say. */
  source: string;
  hasVideo: boolean;
  /** Token of its first video track, when the device lists tracks. */
  videoTrack: string | undefined;
  recorded: RecordedRange | undefined;
}

/** A moment at which recording began or stopped. */
export interface DataPresence {
  atMs: number;
  isPresent: boolean;
}

interface Change extends DataPresence {
  track: string | undefined;
  /** `IsDataPresent`, which tells more than `IsRecording`. */
  isOfData: boolean;
}

const MAX_ROUNDS = 200;
const MAX_RESULTS = 20_000;
const PAGE = '<t:MinResults>1</t:MinResults><t:MaxResults>100</t:MaxResults><t:WaitTime>PT2S</t:WaitTime>';
const KEEP_ALIVE = '<t:KeepAliveTime>PT30S</t:KeepAliveTime>';

/** The recording search service (ONVIF Recording Search Specification). */
export class RecordingSearch {
  constructor(private readonly device: OnvifDevice) {}

  /** Rejects with a MediaError. */
  async recordings(token: string | undefined, signal: AbortSignal): Promise<FoundRecording[]> {
    const found: FoundRecording[] = [];
    await this.#search('FindRecordings', scope(token), 'GetRecordingSearchResults', signal, (list) => {
      found.push(...listAt(list, 'RecordingInformation').map(readRecording));
      return found.length;
    });
    return found;
  }

  /** When the video began and stopped, with the state at the beginning of the range. Rejects with a MediaError. */
  async presence(
    { token, videoTrack }: FoundRecording,
    { fromMs, toMs }: RecordedRange,
    signal: AbortSignal,
  ): Promise<DataPresence[]> {
    const found: Change[] = [];
    const asked = [
      `<t:StartPoint>${new Date(fromMs).toISOString()}</t:StartPoint><t:EndPoint>${new Date(toMs).toISOString()}</t:EndPoint>`,
      scope(token),
      '<t:SearchFilter><n:TopicExpression xmlns:n="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics"',
      ' Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:RecordingHistory//.</n:TopicExpression></t:SearchFilter>',
      '<t:IncludeStartState>true</t:IncludeStartState>',
    ].join('');
    await this.#search('FindEvents', asked, 'GetEventSearchResults', signal, (list) => {
      for (const result of listAt(list, 'Result')) {
        const one = readPresence(result);
        if (one !== undefined) found.push(one);
      }
      return found.length;
    });
    const ofVideo = found.filter(({ track }) => !track || videoTrack === undefined || track === videoTrack);
    const ofData = ofVideo.filter(({ isOfData }) => isOfData);
    return ofData.length > 0 ? ofData : ofVideo;
  }

  /** Rejects with a MediaError. */
  async replayUri(token: string, signal: AbortSignal): Promise<string> {
    const setup = '<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>';
    const body = `<t:GetReplayUri><t:StreamSetup>${setup}</t:StreamSetup><t:RecordingToken>${escapeXml(token)}</t:RecordingToken></t:GetReplayUri>`;
    const answer = await this.device.call('replay', body, signal);
    const uri = textAt(answer, 'GetReplayUriResponse', 'Uri');
    if (uri === undefined) throw new MediaError('camera-refused', 'The device names no replay URI');
    return this.device.ownUrl(uri);
  }

  async #search(
    start: string,
    content: string,
    next: string,
    signal: AbortSignal,
    take: (list: XmlNode | undefined) => number,
  ): Promise<void> {
    const begun = await this.device.call('search', `<t:${start}>${content}${KEEP_ALIVE}</t:${start}>`, signal);
    const token = textAt(begun, `${start}Response`, 'SearchToken');
    if (token === undefined) throw new MediaError('camera-refused', 'The device began no search');
    const search = `<t:SearchToken>${escapeXml(token)}</t:SearchToken>`;
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const answer = await this.device.call('search', `<t:${next}>${search}${PAGE}</t:${next}>`, signal);
        const list = nodeAt(answer, `${next}Response`, 'ResultList');
        if (take(list) > MAX_RESULTS) throw new MediaError('camera-refused', 'The device finds too much');
        if (textAt(list, 'SearchState') === 'Completed') return;
      }
      throw new MediaError('camera-timeout', 'The search of the device does not end');
    } finally {
      await this.device.call('search', `<t:EndSearch>${search}</t:EndSearch>`, signal).catch(() => undefined);
    }
  }
}

const scope = (token: string | undefined): string =>
  token === undefined
    ? '<t:Scope/>'
    : `<t:Scope><tt:IncludedRecordings>${escapeXml(token)}</tt:IncludedRecordings></t:Scope>`;

const readRecording = (node: XmlNode): FoundRecording => {
  const tracks = listAt(node, 'Track');
  const times = (name: string, member: string): (number | undefined)[] => [
    timeOf(textAt(node, name)),
    ...tracks.map((track) => timeOf(textAt(track, member))),
  ];
  const defined = (ms: number | undefined): ms is number => ms !== undefined;
  const from = times('EarliestRecording', 'DataFrom').filter(defined);
  const to = times('LatestRecording', 'DataTo').filter(defined);
  const recorded = from.length > 0 && to.length > 0 ? { fromMs: Math.min(...from), toMs: Math.max(...to) } : undefined;
  const video = tracks.find((track) => textAt(track, 'TrackType') === 'Video');
  const hasVideo = tracks.length === 0 || video !== undefined;
  const token = textAt(node, 'RecordingToken') ?? '';
  const source = textAt(node, 'Source', 'SourceId') ?? '';
  return { token, source, hasVideo, videoTrack: textAt(video, 'TrackToken'), recorded };
};

/** Topics tns1:RecordingHistory/Recording/State and …/Track/State carry the item `IsDataPresent` or `IsRecording`. */
const readPresence = (result: XmlNode): Change | undefined => {
  const message = nodeAt(result, 'Event', 'Message', 'Message');
  const items = listAt(nodeAt(message, 'Data'), 'SimpleItem');
  const item = items.find((one) => /^(IsDataPresent|IsRecording)$/.test(textAt(one, '@Name') ?? ''));
  const atMs = timeOf(textAt(result, 'Time') ?? textAt(message, '@UtcTime'));
  if (item === undefined || atMs === undefined) return undefined;
  const isPresent = /^(true|1)$/i.test(textAt(item, '@Value') ?? '');
  return { atMs, isPresent, track: textAt(result, 'TrackToken'), isOfData: textAt(item, '@Name') === 'IsDataPresent' };
};
