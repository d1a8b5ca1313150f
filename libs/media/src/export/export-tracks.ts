import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import { VideoFormatReader } from '../fmp4/video-format.js';
import type { TrackFormat } from '../fmp4/track-format.js';
import { Assembler } from '../rtp/assembler.js';
import { readRtp } from '../rtp/packet.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { exportSound } from './export-sound.js';
import { Mp4Writer } from './mp4-writer.js';
import { RecordedTime } from './recorded-time.js';
import { SoundQueue } from './sound-queue.js';

interface Chosen {
  track: Track;
  assembler: Assembler;
  time: RecordedTime;
}

/** From the packets of a recording's picture and sound to a file. */
export class ExportTracks {
  readonly #picture: Chosen;
  readonly #sound: (Chosen & { queue: SoundQueue }) | undefined;
  readonly #reader: VideoFormatReader;
  readonly #writer: Mp4Writer;
  #fileFormat: TrackFormat | undefined;
  #recordedMs: number;
  pictures = 0;

  /** @throws MediaError `stream-not-playable` without H.264 and H.265 */
  constructor(
    { tracks }: StreamDescription,
    readonly range: { fromMs: number; toMs: number },
    write: (data: Buffer) => void,
  ) {
    const picture = tracks.find(({ codec }) => codec === 'H264' || codec === 'H265');
    if (!picture) throw new MediaError('stream-not-playable', 'The recording has neither H.264 nor H.265');
    this.#recordedMs = range.fromMs;
    this.#picture = chosen(picture);
    this.#reader = new VideoFormatReader(picture);
    const sound = tracks.find((track) => exportSound(track));
    if (sound) this.#sound = { ...chosen(sound), queue: new SoundQueue(exportSound(sound)!, sound.clockRate) };
    const format = (): TrackFormat => this.#fileFormat!;
    this.#writer = new Mp4Writer(picture.clockRate, this.#sound?.queue, format, write);
  }

  /** Positions of the tracks that are wanted, the picture's first. */
  get wanted(): number[] {
    return [this.#picture, this.#sound].flatMap((one) => (one ? [one.track.index] : []));
  }

  /** Of the last picture, milliseconds since 1970. */
  get recordedMs(): number {
    return this.#recordedMs;
  }

  /** @returns false when a picture lies beyond the range: there is nothing more to come */
  take(track: number, packets: readonly Buffer[]): boolean {
    const one = this.#chosenOf(track);
    if (!one) return true;
    for (const unit of packets.flatMap((packet) => one.assembler.push(packet, 0))) {
      if (one === this.#sound) this.#takeSound(unit);
      else if (!this.#takePicture(unit)) return false;
    }
    return true;
  }

  report(track: number, packet: Buffer): void {
    this.#chosenOf(track)?.time.report(packet);
  }

  end(): void {
    this.#writer.end();
  }

  #chosenOf(track: number): Chosen | undefined {
    return [this.#picture, this.#sound].find((one) => one?.track.index === track);
  }

  #takePicture(unit: AccessUnit): boolean {
    const { recordedMs, discontinuity } = this.#picture.time.of(unit, this.#recordedMs);
    if (this.pictures > 0 && this.#isBeyond(recordedMs, unit.key)) return false;
    const { data, format } = this.#reader.read(payloadsOf(unit), unit.key);
    if (!format || data.length === 0 || (this.pictures === 0 && !unit.key)) return true;
    // Devices begin at the keyframe before the range; one that begins earlier sends what nobody asked for.
    if (unit.key && recordedMs <= this.range.fromMs && this.#writer.restart()) {
      this.pictures = 0;
      this.#fileFormat = undefined;
    }
    this.#fileFormat ??= format;
    // Players take the sets of a sample before those of the description.
    const isOther = unit.key && format !== this.#fileFormat;
    const sample = isOther ? Buffer.concat([this.#reader.sets, data]) : data;
    this.#writer.add({ data: sample, key: unit.key, timestamp: unit.timestamp, recordedMs, discontinuity });
    this.#recordedMs = recordedMs;
    this.pictures++;
    return true;
  }

  /** Devices end by themselves; one that does not may still send pictures that were shown before the end. */
  #isBeyond(recordedMs: number, key: boolean): boolean {
    return recordedMs > this.range.toMs + (key ? 0 : 1000);
  }

  #takeSound(unit: AccessUnit): void {
    const { time, queue } = this.#sound!;
    const { recordedMs } = time.of(unit, this.#recordedMs);
    if (recordedMs > this.range.toMs) return;
    for (const payload of payloadsOf(unit)) queue.push(payload, unit.timestamp, recordedMs);
  }
}

const chosen = (track: Track): Chosen => ({
  track,
  assembler: new Assembler(track),
  time: new RecordedTime(track.index, track.clockRate),
});

const payloadsOf = ({ packets }: AccessUnit): Buffer[] =>
  packets.map((packet) => {
    const { payloadStart, payloadEnd } = readRtp(packet)!;
    return packet.subarray(payloadStart, payloadEnd);
  });
