import { WanLinkError } from './errors.mjs';

/**
 * @typedef {object} DirectionSettings of one direction
 * @property {number} delayMs one way
 * @property {number} jitterMs at most this much more; order is kept
 * @property {number} rateBitsPerS payload of TCP; 0: no limit
 * @property {number} bufferBytes of the queue before the rate, which all connections share
 * @property {number} windowBytes that one connection may have on the way, as a receiver's TCP window bounds it
 */

/** @type {Readonly<DirectionSettings>} */
export const DEFAULT_SETTINGS = {
  delayMs: 0,
  jitterMs: 0,
  rateBitsPerS: 0,
  bufferBytes: 256 * 1024,
  windowBytes: 4 * 1024 * 1024,
};

/** Ethernet's payload of a TCP segment. */
const SEGMENT_BYTES = 1_448;
/** One step of the simulation carries at most this much time of the link. */
const STEP_MS = 1;
/** Read ahead of the queue, so that a late timer leaves the link no gap. */
const AHEAD_MS = 4;

/**
 * @param {Partial<DirectionSettings>} given
 * @param {DirectionSettings} [before]
 * @returns {DirectionSettings}
 * @throws {WanLinkError} `option-invalid`
 */
export function completed(given, before = DEFAULT_SETTINGS) {
  const settings = { ...before, ...given };
  for (const [name, value] of Object.entries(settings)) {
    const least = name === 'bufferBytes' || name === 'windowBytes' ? SEGMENT_BYTES : 0;
    if (!(Number.isFinite(value) && value >= least)) {
      throw new WanLinkError('option-invalid', `${name} has to be a number of at least ${least}, not ${value}`);
    }
  }
  return settings;
}

/**
 * Bytes that are queued as one.
 * @param {DirectionSettings} settings
 */
export function stepBytes({ rateBitsPerS }) {
  return rateBitsPerS === 0 ? 64 * 1024 : Math.max(SEGMENT_BYTES, Math.floor((rateBitsPerS * STEP_MS) / 8_000));
}

/**
 * Bytes of one connection that wait outside the queue before its socket is no longer read.
 * @param {DirectionSettings} settings
 */
export function aheadBytes({ rateBitsPerS }) {
  return rateBitsPerS === 0 ? 64 * 1024 : Math.max(SEGMENT_BYTES, Math.floor((rateBitsPerS * AHEAD_MS) / 8_000));
}
