import {
  parseRecordedRange,
  RtspReplaySource,
  type Credentials,
  type OpenReplay,
  type RecordedRange,
  type ReplaySink,
} from '@app/media';
import type { RecordingSource, TimelineSpan } from '../site/site-connector.js';
import { fillTimeline } from './timeline.js';

/** Recordings behind an RTSP replay URL. All it tells of them is their first and last moment. */
export class RtspRecordings implements RecordingSource {
  readonly #source: RtspReplaySource;

  constructor(
    readonly key: string,
    url: string,
    credentials: Credentials | undefined,
  ) {
    this.#source = new RtspReplaySource(url, credentials === undefined ? {} : { credentials });
  }

  open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    return this.#source.open(sink, signal);
  }

  async timeline(range: RecordedRange, signal: AbortSignal): Promise<TimelineSpan[]> {
    const silent: ReplaySink = { packets: () => undefined, control: () => undefined, ended: () => undefined };
    const replay = await this.#source.open(silent, signal);
    await replay.close();
    const whole = replay.description.ranges?.map(parseRecordedRange).find((known) => known !== undefined);
    if (whole === undefined) return [{ ...range, state: 'unknown' }];
    return fillTimeline(range, [{ ...whole, state: 'unknown' }], 'empty');
  }
}
