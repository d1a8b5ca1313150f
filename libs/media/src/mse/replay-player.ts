import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { Fmp4Stream } from '../fmp4/fmp4-stream.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import { formatClock, parseRecordedRange, type RecordedRange } from '../replay/clock-range.js';
import { RecordedTime } from '../replay/recorded-time.js';
import type { OpenReplay, ReplaySink, ReplaySource } from '../replay/replay-source.js';
import { Assembler } from '../rtp/assembler.js';
import { readControlPackets } from '../rtp/control-packet.js';
import { newStats, type ViewerStats } from '../rtsp/viewer.js';
import type { Track } from '../stream-description.js';
import { encodeInitHeader, encodeMediaHeader } from './player-message.js';
import type { PlayerChannel } from './player-outlet.js';

export interface ReplayPlayerOptions {
  /** Bytes that the player has not taken in beyond which the device is read no further. */
  windowBytes: number;
  openTimeoutMs: number;
}

export const replayPlayerDefaults: ReplayPlayerOptions = { windowBytes: 2 << 20, openTimeoutMs: 12_000 };

/** Where a player wants to be. */
export interface ReplayWish {
  /** The player's own number for it, which the answer repeats. */
  seek: number;
  /** Milliseconds since 1970. */
  atMs: number;
  /** Keyframes alone, for high speeds. */
  keys: boolean;
}

interface Run {
  stream: Fmp4Stream;
  tracks: Map<number, { assembler: Assembler; time: RecordedTime; track: Track }>;
}

/**
 * One browser player of a recording. The device sends as fast as the player takes in (`Rate-Control: no`): speed and pause are
 * the player's own, and nothing is left out. Times of fragments are those of the recording, so that a gap stays a gap.
 */
export class ReplayPlayer implements ReplaySink {
  readonly stats: ViewerStats = newStats();
  readonly #startedAt = performance.now();
  readonly #closing = new AbortController();
  readonly #flying: { number: number; bytes: number }[] = [];
  #flyingBytes = 0;
  #number = 0;
  #replay: OpenReplay | undefined;
  #isPaused = false;
  /** Undefined while nothing of what comes is wanted. */
  #run: Run | undefined;
  #init: InitSegment | undefined;
  #wish: ReplayWish | undefined;
  #isAsking = false;

  constructor(
    readonly channel: PlayerChannel,
    readonly options: ReplayPlayerOptions,
    readonly onEnd: (error: MediaError) => void,
  ) {}

  /** Opens the recording and tells its range. @throws MediaError of the source, or `stream-not-playable` */
  async open(source: ReplaySource): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.options.openTimeoutMs)]);
    const replay = await source.open(this, signal);
    this.#replay = replay;
    if (this.#closing.signal.aborted) return void replay.close();
    if (!Fmp4Stream.of(replay.description, () => undefined).isPlayable) {
      throw new MediaError('stream-not-playable', 'The recording has no track that browsers play');
    }
    this.channel.text({ recording: this.recorded ?? {} });
  }

  get recorded(): RecordedRange | undefined {
    return this.#replay?.description.ranges?.map(parseRecordedRange).find((range) => range !== undefined);
  }

  /** Plays from another place; of wishes that come while one is being fulfilled the last one counts. */
  play(wish: ReplayWish): void {
    this.#wish = wish;
    this.#run = undefined;
    this.#flying.length = 0;
    this.#flyingBytes = 0;
    this.#hold();
    if (!this.#isAsking) void this.#ask();
  }

  /** The player has taken in everything up to this number. */
  acknowledge(number: number): void {
    while (this.#flying.length > 0 && ((number - this.#flying[0].number) | 0) >= 0) {
      this.#flyingBytes -= this.#flying.shift()!.bytes;
    }
    this.#hold();
  }

  /** Harmless when repeated. */
  close(): void {
    this.#closing.abort();
    this.#run = undefined;
    void this.#replay?.close();
  }

  packets(track: number, packets: Buffer[]): void {
    const known = this.#run?.tracks.get(track);
    if (!known) return;
    for (const packet of packets) for (const unit of known.assembler.push(packet, 0)) this.#unit(unit, known);
    this.#hold();
  }

  /** BYE is the end of what was asked for; another place can be played after it. */
  control(_track: number, packet: Buffer): void {
    if (this.#run && readControlPackets(packet).some(({ kind }) => kind === 'bye')) this.channel.text({ played: true });
  }

  ended(error: MediaError): void {
    if (!this.#closing.signal.aborted) this.onEnd(error);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    try {
      while (this.#wish && !this.#closing.signal.aborted) {
        const wish = this.#wish;
        this.#wish = undefined;
        await this.#begin(wish);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.onEnd(error as MediaError);
    } finally {
      this.#isAsking = false;
      this.#hold();
    }
  }

  #begin({ seek, atMs, keys }: ReplayWish): Promise<void> {
    const replay = this.#replay!;
    const headers = {
      range: `clock=${formatClock(atMs)}-`,
      'rate-control': 'no',
      immediate: 'yes',
      ...(keys ? { frames: 'intra' } : {}),
    };
    const tracks = replay.description.tracks.filter(({ kind }) => kind !== 'application');
    const request = { method: 'PLAY' as const, cseq: seek & 0xff, tracks: tracks.map(({ index }) => index), headers };
    return replay.request(request, ({ status }) => {
      // An older place than the player wants by now: what comes of it is not passed on.
      if (this.#wish) return;
      if (status === 200) this.#run = this.#runOf(tracks, atMs, keys);
      const code = status === 457 || status === 400 ? 'recording-range-outside' : 'camera-replay-refused';
      this.channel.text(status === 200 ? { playing: seek } : { refused: seek, code });
    });
  }

  /** Sound at many times its speed is noise: keyframes come without it. */
  #runOf(all: readonly Track[], fromMs: number, keys: boolean): Run {
    const tracks = keys ? all.filter(({ kind }) => kind === 'video') : all;
    // Another description object is another time line.
    const stream = Fmp4Stream.of({ ...this.#replay!.description, tracks: [...tracks] }, () => undefined);
    const made = tracks.map((track) => {
      const time = new RecordedTime(track.clockRate, fromMs);
      return [track.index, { assembler: new Assembler(track), time, track }] as const;
    });
    return { stream, tracks: new Map(made) };
  }

  #unit(unit: AccessUnit, { time, track }: { time: RecordedTime; track: Track }): void {
    const atMs = time.of(unit.packets, unit.timestamp);
    const timestamp = Math.round((atMs / 1000) * track.clockRate) % 2 ** 32;
    const fragment = this.#run?.stream.fragmentOf({ ...unit, timestamp, captureUs: Math.round(atMs * 1000) });
    if (!fragment) return;
    if (fragment.init !== this.#init) {
      this.#init = fragment.init;
      this.channel.binary(encodeInitHeader(fragment.init), fragment.init.data);
    }
    this.#number = (this.#number + 1) >>> 0;
    const header = encodeMediaHeader(fragment, this.#number, atMs, 0);
    const bytes = header.length + fragment.data.length;
    this.#flying.push({ number: this.#number, bytes });
    this.#flyingBytes += bytes;
    this.channel.binary(header, fragment.data);
    this.stats.bytes += bytes;
    this.stats.units++;
    this.stats.backlogBytes = this.#flyingBytes;
    if (fragment.key && fragment.kind === 'video') this.stats.firstKeyMs ??= performance.now() - this.#startedAt;
  }

  /** The device is read only while somebody waits for what it says. */
  #hold(): void {
    const isFull = this.#flyingBytes > (this.#isPaused ? this.options.windowBytes / 2 : this.options.windowBytes);
    const isIdle = this.#run === undefined && !this.#isAsking && this.#wish === undefined;
    const pauses = isFull || isIdle;
    if (pauses === this.#isPaused) return;
    this.#isPaused = pauses;
    if (pauses) this.#replay?.pause();
    else this.#replay?.resume();
  }
}
