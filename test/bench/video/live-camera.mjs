import { built, builtLibFile } from '../built.mjs';
import { stampUnit } from './stamp.mjs';

export const FRAME_MS = 40;
const CLOCK_RATE = 90_000;
const NS_PER_MS = 1_000_000n;

const { ClipSource } = await built('media');
const { packetizeH264 } = await builtLibFile('media', 'rtp/packetizer.js');

/**
 * 25 pictures a second, each with a stamp of when it was sent. They go on whether they are fetched or not: a client
 * begins anywhere between two keyframes.
 */
export class LiveCamera {
  /**
   * @param {object} clip whose parameter sets hold
   * @param {(frame: number) => { key: boolean, units: Buffer[] }} pictureOf
   */
  constructor(clip, pictureOf) {
    this.clip = clip;
    this.pictureOf = pictureOf;
    this.beganNs = process.hrtime.bigint();
  }

  /** Since the first picture. */
  get elapsedMs() {
    return Number((process.hrtime.bigint() - this.beganNs) / 1_000n) / 1_000;
  }

  /** @param {{ unit: (unit: object) => void, report: (report: object) => void }} listener */
  async open(listener) {
    const { description } = await new ClipSource(this.clip, { name: 'bench', framesPerSecond: 25 }).open({
      unit: () => undefined,
      report: () => undefined,
      ended: () => undefined,
    });
    let [frame, sequence] = [Math.ceil(this.elapsedMs / FRAME_MS), 0];
    const tick = () => {
      for (; frame * FRAME_MS <= this.elapsedMs; frame++) {
        const unit = this.unit(frame, sequence);
        sequence = (sequence + unit.packets.length) & 0xffff;
        listener.unit(unit);
      }
      timer = setTimeout(tick, Math.max(1, frame * FRAME_MS - this.elapsedMs));
    };
    let timer = setTimeout(tick, 1);
    return { description, requestKeyframe: () => undefined, close: async () => clearTimeout(timer) };
  }

  /**
   * @param {number} frame
   * @param {number} sequence
   */
  unit(frame, sequence) {
    const { key, units } = this.pictureOf(frame);
    const timestamp = ((frame * FRAME_MS * CLOCK_RATE) / 1_000) % 2 ** 32;
    /** @type {Buffer[]} */
    const packets = packetizeH264([stampUnit(), ...units], { payloadType: 96, ssrc: 7, sequence, timestamp });
    const bytes = packets.reduce((sum, one) => sum + one.length, 0);
    const captureUs = Math.round((performance.timeOrigin + performance.now()) * 1_000);
    return { track: 0, key, discontinuity: false, timestamp, captureUs, packets, bytes };
  }

  /** When a picture was due, as a number of milliseconds of the machine's monotonic clock for picture 0. */
  get beganMs() {
    return Number(this.beganNs / NS_PER_MS);
  }
}
