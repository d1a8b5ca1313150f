/** What every browser decodes in WebRTC (RFC 7874), of what cameras send. */
const DIRECT = new Set(['OPUS', 'PCMU', 'PCMA']);
/** What browsers take in MP4. */
const PACKED = new Set(['OPUS', 'MPEG4-GENERIC']);

/** @type {Record<string, string>} */
const NAMES = { 'MPEG4-GENERIC': 'AAC', PCMU: 'G.711', PCMA: 'G.711', OPUS: 'Opus' };

/**
 * @param {string} codec of the camera's sound, as its RTP names it; empty without sound
 * @returns {boolean} whether going over to WebRTC loses no sound
 */
export function survivesDirect(codec) {
  return DIRECT.has(codec) || !PACKED.has(codec);
}

/**
 * @param {string} codec
 * @param {string} transport `mse`, `hls` or `webrtc`
 * @returns {boolean}
 */
export function isHeard(codec, transport) {
  return (transport === 'webrtc' ? DIRECT : PACKED).has(codec);
}

/**
 * Why there is no sound, or why the picture does not go over to WebRTC.
 * @param {string} codec
 * @param {string} transport
 * @returns {string}
 */
export function soundNote(codec, transport) {
  if (codec === '') return '';
  const name = NAMES[codec] ?? codec;
  if (!isHeard(codec, transport)) {
    return `The camera’s sound is ${name}, which browsers do not play by ${transport === 'webrtc' ? 'WebRTC' : 'MSE and HLS'}.`;
  }
  return survivesDirect(codec)
    ? ''
    : `The camera’s sound is ${name}, which WebRTC does not carry: the page stays with MSE.`;
}
