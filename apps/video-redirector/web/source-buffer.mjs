/** @returns {typeof MediaSource | undefined} Safari on iPhones has the managed one alone */
export function mediaSourceClass() {
  return Reflect.get(globalThis, 'ManagedMediaSource') ?? globalThis.MediaSource;
}

/** @param {TimeRanges} buffered */
export function rangesOf(buffered) {
  /** @type {[number, number][]} */
  const ranges = [];
  for (let index = 0; index < buffered.length; index += 1) ranges.push([buffered.start(index), buffered.end(index)]);
  return ranges;
}

/**
 * @param {Uint8Array[]} parts
 * @param {number} bytes
 */
export function joined(parts, bytes) {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
