/** A user data SEI message (H.264 annex D.1.7) whose first 16 bytes are this; hexadecimal digits follow, so that nothing needs escapes. */
const MARK = 'adit-bench-stamp';
const DIGITS = 16;
const SEI = [0x06, 0x05, MARK.length + DIGITS];
const END = 0x80;

/** A NAL unit that says when it was made, in nanoseconds of the machine's monotonic clock, which all processes share. */
export function stampUnit() {
  const digits = process.hrtime.bigint().toString(16).padStart(DIGITS, '0');
  return Buffer.concat([Buffer.from(SEI), Buffer.from(MARK + digits, 'latin1'), Buffer.from([END])]);
}

/**
 * Milliseconds since the stamp in a packet or a fragment was made; undefined without one.
 * @param {Buffer} data
 */
export function ageOfStamp(data) {
  const at = data.indexOf(MARK, 0, 'latin1');
  const sentAt = at < 0 ? undefined : stampAt(data, at);
  return sentAt === undefined ? undefined : ageMs(sentAt);
}

/**
 * @param {Buffer} data an SEI NAL unit, alone in its packet, from `start` on
 * @param {number} start
 * @returns {bigint | undefined} undefined for another message
 */
export function stampOf(data, start) {
  const at = start + SEI.length;
  return data.toString('latin1', at, at + MARK.length) === MARK ? stampAt(data, at) : undefined;
}

/** @param {bigint} sentAt */
export function ageMs(sentAt) {
  return Number(process.hrtime.bigint() - sentAt) / 1e6;
}

/**
 * @param {Buffer} data
 * @param {number} at of the mark
 */
function stampAt(data, at) {
  const digits = data.toString('latin1', at + MARK.length, at + MARK.length + DIGITS);
  return BigInt(`0x${digits}`);
}
