import type { AccessUnit, SenderReport } from '../access-unit.js';
import { ntpOfTimestamp } from '../hub/timeline.js';
import { readRtp } from '../rtp/packet.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { ntpOfUs } from '../wall-clock.js';
import { audioFormat, type AudioTrackFormat } from './audio-format.js';
import { fragment, type Sample, type TrackRun } from './fragment.js';
import { initSegment, type InitSegment } from './init-segment.js';
import { SampleClock } from './sample-clock.js';
import type { TrackFormat } from './track-format.js';
import { VideoFormatReader } from './video-format.js';

/** One access unit as a fragment of its own. */
export interface MediaFragment {
  /** What has to come before it; the same object for as long as it holds. */
  init: InitSegment;
  /** A decoder can start here. */
  key: boolean;
  kind: 'video' | 'audio';
  /** Presentation time on the stream's time line. */
  seconds: number;
  captureUs: number;
  run: TrackRun;
  data: Buffer;
}

interface TrackState {
  track: Track;
  clock: SampleClock | undefined;
  audio: AudioTrackFormat | undefined;
}

/** Sound and picture of one camera whose reports differ by more than this from their arrival do not share a clock. */
const maxReportErrorSeconds = 1;
const assumedFramesPerSecond = 25;
const maxKnownInits = 4;

const streams = new WeakMap<StreamDescription, Fmp4Stream>();

/**
 * The fragments of a stream. Every unit is packed once, whoever watches: viewers of the same hub share the stream,
 * and with it the time line and the buffers. Units have to come in their order.
 */
export class Fmp4Stream {
  readonly #packed = new WeakMap<AccessUnit, MediaFragment>();
  readonly #video: VideoFormatReader | undefined;
  readonly #tracks: TrackState[];
  #init: InitSegment | undefined;
  /** A stream that goes back and forth between resolutions comes back to the same segment. */
  #known: InitSegment[] = [];
  #format: TrackFormat | undefined;
  #sequence = 0;
  /** Wall clock of the time line's zero: by the source's reports and by arrival, seconds. */
  #origin: { reported: number; arrived: number } | undefined;

  private constructor(
    description: StreamDescription,
    readonly reference: (track: number) => SenderReport | undefined,
  ) {
    const picture = description.tracks.find(({ codec }) => codec === 'H264' || codec === 'H265');
    this.#video = picture && new VideoFormatReader(picture);
    const sound = description.tracks.find((track) => audioFormat(track));
    this.#tracks = [picture, sound]
      .filter((track) => track !== undefined)
      .map((track) => ({ track, clock: undefined, audio: audioFormat(track) }));
  }

  /** The stream of a hub's description. */
  static of(description: StreamDescription, reference: (track: number) => SenderReport | undefined): Fmp4Stream {
    const existing = streams.get(description);
    if (existing) return existing;
    const made = new Fmp4Stream(description, reference);
    streams.set(description, made);
    return made;
  }

  /** Whether there is a track that browsers could take. */
  get isPlayable(): boolean {
    return this.#tracks.length > 0;
  }

  /** Undefined for what cannot be packed: another track, or a unit before the first keyframe. */
  fragmentOf(unit: AccessUnit): MediaFragment | undefined {
    const known = this.#packed.get(unit);
    if (known) return known;
    const state = this.#tracks.find(({ track }) => track.index === unit.track);
    const made = state && (state.audio ? this.#packAudio(unit, state, state.audio) : this.#packVideo(unit, state));
    if (made) this.#packed.set(unit, made);
    return made;
  }

  #packVideo(unit: AccessUnit, state: TrackState): MediaFragment | undefined {
    const { data, format } = this.#video!.read(payloadsOf(unit), unit.key);
    if (format && format !== this.#format) this.#describe(format);
    if (!this.#init || data.length === 0) return undefined;
    const times = this.#clockOf(state, unit).next(unit.timestamp, unit.key);
    const { decode, presentation, duration } = times;
    const sample: Sample = { data, duration, offset: presentation - decode, key: unit.key };
    return this.#finish(unit, 'video', unit.key, presentation / state.track.clockRate, {
      trackId: this.#idOf(state),
      decodeTime: decode,
      samples: [sample],
    });
  }

  #packAudio(unit: AccessUnit, state: TrackState, format: AudioTrackFormat): MediaFragment | undefined {
    if (!this.#video && !this.#init) this.#describe(undefined);
    const frames = payloadsOf(unit).flatMap((payload) => format.framesOf(payload));
    if (!this.#init || frames.length === 0) return undefined;
    const { presentation } = this.#clockOf(state, unit).next(unit.timestamp, true);
    if (presentation < 0) return undefined;
    const samples = frames.map(({ data, ticks }) => ({ data, duration: ticks, offset: 0, key: true }));
    return this.#finish(unit, 'audio', !this.#video, presentation / state.track.clockRate, {
      trackId: this.#idOf(state),
      decodeTime: presentation,
      samples,
    });
  }

  #finish(unit: AccessUnit, kind: 'video' | 'audio', key: boolean, seconds: number, run: TrackRun): MediaFragment {
    const data = fragment(++this.#sequence, [run]);
    return { init: this.#init!, key, kind, seconds, captureUs: unit.captureUs, run, data };
  }

  #describe(picture: TrackFormat | undefined): void {
    this.#format = picture;
    const tracks = this.#tracks.map((state) => ({
      id: this.#idOf(state),
      timescale: state.track.clockRate,
      format: state.audio ?? picture!,
    }));
    const made = initSegment(tracks);
    this.#init = this.#known.find(({ data }) => data.equals(made.data)) ?? made;
    this.#known = [this.#init, ...this.#known.filter((init) => init !== this.#init)].slice(0, maxKnownInits);
  }

  #idOf(state: TrackState): number {
    return this.#tracks.indexOf(state) + 1;
  }

  /** The first unit of all is the time line's zero; the other track begins where the source's clock says. */
  #clockOf(state: TrackState, unit: AccessUnit): SampleClock {
    if (state.clock) return state.clock;
    const { clockRate } = state.track;
    const arrived = unit.captureUs / 1e6;
    const reference = this.reference(unit.track) ?? {
      track: 0,
      ntp: ntpOfUs(unit.captureUs),
      timestamp: unit.timestamp,
    };
    const reported = Number(ntpOfTimestamp(reference, unit.timestamp, clockRate)) / 2 ** 32;
    this.#origin ??= { reported, arrived };
    const [byReport, byArrival] = [reported - this.#origin.reported, arrived - this.#origin.arrived];
    const isPlausible = Math.abs(byReport - byArrival) < maxReportErrorSeconds;
    const origin = Math.round((isPlausible ? byReport : byArrival) * clockRate);
    state.clock = new SampleClock(clockRate, origin, Math.round(clockRate / assumedFramesPerSecond));
    return state.clock;
  }
}

function payloadsOf(unit: AccessUnit): Buffer[] {
  return unit.packets.map((packet) => {
    const header = readRtp(packet)!;
    return packet.subarray(header.payloadStart, header.payloadEnd);
  });
}
