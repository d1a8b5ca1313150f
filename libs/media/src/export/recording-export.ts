import { asMediaError, MediaError } from '../errors.js';
import { formatClock, parseRecordedRange, type RecordedRange } from '../replay/clock-range.js';
import type { OpenReplay, ReplayAnswer, ReplaySink, ReplaySource } from '../replay/replay-source.js';
import { readControlPackets } from '../rtp/control-packet.js';
import { ExportTracks } from './export-tracks.js';

export interface ExportTarget {
  /** Bytes of the file. @returns false when no more should come before `resume` of the export */
  write(data: Buffer): boolean;
}

export interface ExportOptions {
  /** A device from which nothing comes for this long, though it is read, counts as dead. */
  silenceMs: number;
  openTimeoutMs: number;
}

export const exportDefaults: ExportOptions = { silenceMs: 20_000, openTimeoutMs: 12_000 };

export interface ExportSummary {
  pictures: number;
  bytes: number;
  /** Of the last picture, milliseconds since 1970. */
  recordedMs: number;
}

/** The other tracks' last packets may stand behind the end of the picture. */
const lastSoundMs = 500;
/** A device that hangs up this near to the end of the range has sent all of it. */
const nearEndMs = 2_000;

/** A range of a recording as one MP4 file, as fast as the device gives it and the target takes it. One object, one run. */
export class RecordingExport implements ReplaySink {
  readonly #options: ExportOptions;
  #replay: OpenReplay | undefined;
  #tracks: ExportTracks | undefined;
  #said = new Set<number>();
  #bytes = 0;
  #isPaused = false;
  #lastPacketAt = performance.now();
  #timers: NodeJS.Timeout[] = [];
  #done: { resolve: () => void; reject: (error: MediaError) => void } | undefined;
  readonly #finished: Promise<void>;

  constructor(
    readonly source: ReplaySource,
    readonly range: RecordedRange,
    readonly target: ExportTarget,
    options: Partial<ExportOptions> = {},
  ) {
    this.#options = { ...exportDefaults, ...options };
    this.#finished = new Promise((resolve, reject) => (this.#done = { resolve, reject }));
    this.#finished.catch(() => undefined);
  }

  /**
   * Resolves when the whole file was written. Rejects with a MediaError: the file is then not complete, and does not end with its index.
   * `recording-range-outside` when nothing is recorded in the range. The device is left in either case.
   */
  async run(signal: AbortSignal): Promise<ExportSummary> {
    const abort = (): void => this.#done?.reject(new MediaError('viewer-closed', 'Nobody takes the file any more'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#options.openTimeoutMs)]);
      const replay = await this.source.open(this, limit);
      this.#replay = replay;
      const tracks = new ExportTracks(replay.description, this.range, (data) => this.#write(data));
      this.#tracks = tracks;
      this.#timers.push(setInterval(() => this.#watch(), 1_000));
      await Promise.race([this.#play(replay, tracks.wanted), this.#finished]);
      await this.#finished;
      if (tracks.pictures === 0) throw nothing();
      tracks.end();
      return { pictures: tracks.pictures, bytes: this.#bytes, recordedMs: tracks.recordedMs };
    } catch (error) {
      throw signal.aborted
        ? new MediaError('viewer-closed', 'Nobody takes the file any more')
        : asMediaError(error, 'source-failed');
    } finally {
      signal.removeEventListener('abort', abort);
      for (const timer of this.#timers) clearInterval(timer);
      this.#tracks = undefined;
      await this.#replay?.close();
    }
  }

  /** The target takes more. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#lastPacketAt = performance.now();
    this.#replay?.resume();
  }

  packets(track: number, packets: Buffer[]): void {
    this.#lastPacketAt = performance.now();
    try {
      if (this.#tracks?.take(track, packets) === false) this.#done?.resolve();
    } catch (error) {
      this.#done?.reject(asMediaError(error, 'source-failed'));
    }
  }

  control(track: number, packet: Buffer): void {
    this.#lastPacketAt = performance.now();
    this.#tracks?.report(track, packet);
    if (!readControlPackets(packet).some(({ kind }) => kind === 'bye')) return;
    this.#said.add(track);
    const [picture = 0, ...others] = this.#tracks?.wanted ?? [];
    if (!this.#said.has(picture)) return;
    if (others.every((one) => this.#said.has(one))) this.#done?.resolve();
    else this.#timers.push(setTimeout(() => this.#done?.resolve(), lastSoundMs));
  }

  ended(error: MediaError): void {
    const closed = (error.remoteCode ?? error.code) === 'camera-closed';
    if (closed && this.#isNearEnd()) this.#done?.resolve();
    else this.#done?.reject(error);
  }

  async #play(replay: OpenReplay, tracks: number[]): Promise<void> {
    const range = `clock=${formatClock(this.range.fromMs)}-${formatClock(this.range.toMs)}`;
    let answer: ReplayAnswer | undefined;
    const headers = { range, 'rate-control': 'no' };
    await replay.request({ method: 'PLAY', cseq: 1, tracks, headers }, (given) => (answer = given));
    if (answer?.status === 457) throw nothing(answer.reason);
    if (answer?.status !== 200)
      throw new MediaError('camera-replay-refused', `The device answered ${answer?.status} ${answer?.reason}`);
  }

  #write(data: Buffer): void {
    this.#bytes += data.length;
    if (this.target.write(data) || this.#isPaused) return;
    this.#isPaused = true;
    this.#replay?.pause();
  }

  #watch(): void {
    const silentMs = performance.now() - this.#lastPacketAt;
    if (this.#isPaused || silentMs < this.#options.silenceMs) return;
    this.#done?.reject(new MediaError('camera-silent', `Nothing came of the recording for ${Math.round(silentMs)} ms`));
  }

  #isNearEnd(): boolean {
    const recorded = this.#replay?.description.ranges?.map(parseRecordedRange).find((range) => range !== undefined);
    const endMs = Math.min(this.range.toMs, recorded?.toMs ?? Infinity);
    return this.#tracks !== undefined && this.#tracks.pictures > 0 && this.#tracks.recordedMs >= endMs - nearEndMs;
  }
}

const nothing = (reason = 'Nothing is recorded in this range'): MediaError =>
  new MediaError('recording-range-outside', reason);
