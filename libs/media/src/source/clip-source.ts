import { randomInt } from 'node:crypto';
import { packetizeH264 } from '../rtp/packetizer.js';
import type { StreamDescription } from '../stream-description.js';
import { ntpOfUs, nowUs } from '../wall-clock.js';
import type { Clip } from './clip.js';
import type { OpenSource, Source, SourceListener } from './source.js';

const clockRate = 90_000;
const payloadType = 96;
/** After a pause of the process, frames that are later than this are not sent in a burst but left behind. */
const maxLateMs = 1000;

export interface ClipSourceOptions {
  name: string;
  framesPerSecond: number;
}

/** Plays a clip in a loop as if it were a live camera: every round goes on with the timestamps of the one before. */
export class ClipSource implements Source {
  constructor(
    readonly clip: Clip,
    readonly options: ClipSourceOptions,
  ) {}

  open(listener: SourceListener): Promise<OpenSource> {
    const play = new ClipPlay(this.clip, this.options, listener);
    return Promise.resolve({
      description: describe(this.clip, this.options),
      requestKeyframe: () => undefined,
      close: () => Promise.resolve(play.stop()),
    });
  }
}

function describe(clip: Clip, options: ClipSourceOptions): StreamDescription {
  const level = clip.sps.toString('hex', 1, 4).toUpperCase();
  const sprop = `${clip.sps.toString('base64')},${clip.pps.toString('base64')}`;
  const lines = [
    `a=rtpmap:${payloadType} H264/${clockRate}`,
    `a=fmtp:${payloadType} packetization-mode=1;profile-level-id=${level};sprop-parameter-sets=${sprop}`,
    `a=framerate:${options.framesPerSecond}`,
  ];
  const track = { index: 0, kind: 'video' as const, codec: 'H264', payloadType, clockRate, control: '' };
  return { name: options.name, control: '', tracks: [{ ...track, parameterSets: [clip.sps, clip.pps], lines }] };
}

class ClipPlay {
  readonly #ssrc = randomInt(2 ** 32);
  readonly #firstTimestamp = randomInt(2 ** 32);
  #sequence = randomInt(2 ** 16);
  #frame = 0;
  #startedAt = performance.now();
  #timer: NodeJS.Timeout;

  constructor(
    readonly clip: Clip,
    readonly options: ClipSourceOptions,
    readonly listener: SourceListener,
  ) {
    this.#timer = setTimeout(() => this.#begin(), 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.listener.report({ track: 0, ntp: ntpOfUs(nowUs()), timestamp: this.#firstTimestamp });
    this.#tick();
  }

  /** Sends every frame that is due and sleeps until the next one; due times are counted from the start, so nothing drifts. */
  #tick(): void {
    const frameMs = 1000 / this.options.framesPerSecond;
    const now = performance.now();
    const late = now - (this.#startedAt + this.#frame * frameMs);
    if (late > maxLateMs) this.#startedAt += late;
    while (this.#startedAt + this.#frame * frameMs <= now) this.#send();
    this.#timer = setTimeout(
      () => this.#tick(),
      Math.max(1, this.#startedAt + this.#frame * frameMs - performance.now()),
    );
  }

  #send(): void {
    const { key, units } = this.clip.frames[this.#frame % this.clip.frames.length];
    const ticks = Math.round((this.#frame * clockRate) / this.options.framesPerSecond);
    const timestamp = (this.#firstTimestamp + ticks) % 2 ** 32;
    const packets = packetizeH264(units, { payloadType, ssrc: this.#ssrc, sequence: this.#sequence, timestamp });
    this.#sequence = (this.#sequence + packets.length) & 0xffff;
    this.#frame++;
    const bytes = packets.reduce((sum, packet) => sum + packet.length, 0);
    this.listener.unit({ track: 0, key, discontinuity: false, timestamp, captureUs: nowUs(), packets, bytes });
  }
}
