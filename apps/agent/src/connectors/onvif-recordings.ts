import {
  MediaError,
  RtspReplaySource,
  type Credentials,
  type OpenReplay,
  type RecordedRange,
  type ReplaySink,
} from '@app/media';
import { OnvifDevice } from '../onvif/onvif-device.js';
import { RecordingSearch, type DataPresence, type FoundRecording } from '../onvif/recording-search.js';
import type { RecordingSource, TimelineSpan } from '../site/site-connector.js';
import { fillTimeline } from './timeline.js';

export interface OnvifRecordingsOptions {
  /** URL of the device service. */
  service: string;
  /** Token of the recording; without it the first one with video. */
  recording: string | undefined;
  /** Of a device with several cameras: only a recording whose source is one of these. */
  sources?: readonly string[];
  credentials: Credentials | undefined;
}

/** Recordings of an ONVIF device (Profile G), found by its search service and played by its replay service. */
export class OnvifRecordings implements RecordingSource {
  readonly #search: RecordingSearch;

  constructor(
    readonly key: string,
    private readonly options: OnvifRecordingsOptions,
  ) {
    this.#search = new RecordingSearch(new OnvifDevice(options.service, options.credentials));
  }

  async open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    const { token, recorded } = await this.#find(signal);
    const uri = await this.#search.replayUri(token, signal);
    const { credentials } = this.options;
    const source = new RtspReplaySource(uri, {
      ...(recorded === undefined ? {} : { recorded }),
      ...(credentials === undefined ? {} : { credentials }),
    });
    return source.open(sink, signal);
  }

  async timeline(range: RecordedRange, signal: AbortSignal): Promise<TimelineSpan[]> {
    const found = await this.#find(signal);
    const { recorded } = found;
    if (recorded === undefined) return [{ ...range, state: 'unknown' }];
    try {
      const presence = await this.#search.presence(found, range, signal);
      if (presence.length > 0) return fillTimeline(range, spansOf(presence, range, recorded), 'empty');
    } catch (error) {
      if (!(error instanceof MediaError) || error.code !== 'camera-replay-refused') throw error;
    }
    // Without events the device tells the first and the last moment, and nothing of what is between.
    return fillTimeline(range, [{ ...recorded, state: 'unknown' }], 'empty');
  }

  async #find(signal: AbortSignal): Promise<FoundRecording> {
    const { recording, sources } = this.options;
    const found = await this.#search.recordings(recording, signal);
    const chosen = found.find(({ token, source, hasVideo }) =>
      recording === undefined ? hasVideo && (sources?.includes(source) ?? true) : token === recording,
    );
    if (chosen === undefined) throw new MediaError('camera-not-found', 'The device has no such recording');
    return chosen;
  }
}

/** From one change to the next; the last state holds until the end of what is recorded. */
const spansOf = (
  presence: readonly DataPresence[],
  { fromMs }: RecordedRange,
  recorded: RecordedRange,
): TimelineSpan[] => {
  const changes = presence.toSorted((one, other) => one.atMs - other.atMs);
  return changes.flatMap(({ atMs, isPresent }, index) => {
    const toMs = changes[index + 1]?.atMs ?? recorded.toMs;
    return isPresent ? [{ fromMs: Math.max(atMs, fromMs), toMs, state: 'recorded' as const }] : [];
  });
};
