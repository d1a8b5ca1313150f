import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withLifeline } from '../../../tools/launcher/lifeline.mjs';
import { quantile } from '../quantile.mjs';
import { CARD_FPS, CARD_FRAMES, numberOf, STRIP_BYTES, STRIP_FILTER } from './test-card.mjs';

const FRAME_MS = 1_000 / CARD_FPS;
const NS_PER_MS = 1e6;
const FIRST_MS = 20_000;
const INPUT = ['-fflags', 'nobuffer', '-flags', 'low_delay', '-threads', '1', '-rtsp_transport', 'tcp'];
const OUTPUT = ['-an', '-fps_mode', 'passthrough', '-vf', STRIP_FILTER, '-f', 'rawvideo', '-flush_packets', '1', '-'];

/** @typedef {{ atMs: number, ageMs: number }} Shown a picture that was decoded, and how old it was */

/** ffmpeg that plays the card: every decoded picture tells its number, and so when the camera sent it. */
export class Decoder {
  /**
   * @param {string} url
   * @param {number} beganMs when the camera sent picture 0, on the machine's monotonic clock
   */
  constructor(url, beganMs) {
    this.beganMs = beganMs;
    /** @type {Shown[]} */
    this.shown = [];
    /** When a picture came whose number cannot be. @type {number[]} */
    this.broken = [];
    /** Lines in which ffmpeg complains about what it was given. */
    this.faults = 0;
    this.last = -1;
    this.rest = Buffer.alloc(0);
    const args = ['-v', 'error', '-nostdin', ...INPUT, '-i', url, ...OUTPUT];
    this.child = spawn(...withLifeline('SIGTERM', 'ffmpeg', args), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (chunk) => this.take(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.faults += text.split('\n').length - 1));
  }

  /** @param {string} url @param {number} beganMs */
  static async start(url, beganMs) {
    const decoder = new Decoder(url, beganMs);
    const first = once(decoder.child.stdout, 'data', { signal: AbortSignal.timeout(FIRST_MS) });
    const ended = once(decoder.child, 'exit').then(() => Promise.reject(new Error(`ffmpeg cannot play ${url}`)));
    ended.catch(() => undefined);
    try {
      await Promise.race([first, ended]);
    } catch (error) {
      await decoder.stop();
      throw error;
    }
    return decoder;
  }

  /** @param {Buffer} chunk */
  take(chunk) {
    const data = Buffer.concat([this.rest, chunk]);
    const whole = data.length - (data.length % STRIP_BYTES);
    for (let at = 0; at < whole; at += STRIP_BYTES) this.picture(numberOf(data.subarray(at, at + STRIP_BYTES)));
    this.rest = data.subarray(whole);
  }

  /** @param {number} number in the clip, which is played again and again */
  picture(number) {
    const atMs = Number(process.hrtime.bigint()) / NS_PER_MS;
    const newest = Math.floor((atMs - this.beganMs) / FRAME_MS);
    const from = this.last < 0 ? newest - CARD_FRAMES + 1 : this.last + 1;
    const frame = from + modulo(number - from, CARD_FRAMES);
    // What was decoded without its keyframe or from half of its packets has another number, mostly of the future.
    if (frame > newest + 1 || number >= CARD_FRAMES) {
      this.broken.push(atMs);
      return;
    }
    this.last = frame;
    this.shown.push({ atMs, ageMs: atMs - this.beganMs - frame * FRAME_MS });
  }

  /**
   * What was seen between two moments of the monotonic clock.
   * @param {number} fromMs
   * @param {number} toMs
   */
  figures(fromMs, toMs) {
    const seen = this.shown.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    const ages = seen.map(({ ageMs }) => ageMs).sort((a, b) => a - b);
    const looks = this.looks(fromMs, toMs).sort((a, b) => a - b);
    return {
      pictures: seen.length,
      broken: this.broken.filter((atMs) => atMs >= fromMs && atMs < toMs).length,
      p50: quantile(ages, 0.5),
      p95: quantile(ages, 0.95),
      max: ages.at(-1) ?? Number.NaN,
      /** How old what is on the screen is, whenever one looks: a standing picture ages. */
      screenP95: quantile(looks, 0.95),
      screenMax: looks.at(-1) ?? Number.NaN,
    };
  }

  /**
   * The age of the picture on the screen, once for each picture of the camera.
   * @param {number} fromMs
   * @param {number} toMs
   */
  looks(fromMs, toMs) {
    const looks = [];
    let index = -1;
    for (let atMs = fromMs; atMs < toMs; atMs += FRAME_MS) {
      while (index + 1 < this.shown.length && this.shown[index + 1].atMs <= atMs) index++;
      const picture = this.shown[index];
      if (picture) looks.push(picture.ageMs + atMs - picture.atMs);
    }
    return looks;
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** @returns {number} milliseconds of the machine's monotonic clock */
export function monotonicMs() {
  return Number(process.hrtime.bigint()) / NS_PER_MS;
}

/**
 * @param {number} value
 * @param {number} by
 */
function modulo(value, by) {
  return ((value % by) + by) % by;
}
