import type { MediaFragment } from '../fmp4/fmp4-stream.js';
import type { InitSegment } from '../fmp4/init-segment.js';

/** First byte of a binary message to the player; `apps/video-redirector/web/stream.mjs` reads them. */
export const playerMessage = { INIT: 1, MEDIA: 2 } as const;
export const mediaFlag = { KEY: 1, DISCONTINUITY: 2, AUDIO: 4 } as const;
export const mediaHeaderBytes = 24;

/** `u8 type | u8 length | MIME type | segment`. */
export function encodeInit({ mime, data }: InitSegment): Buffer {
  const text = Buffer.from(mime, 'latin1');
  return Buffer.concat([Buffer.from([playerMessage.INIT, text.length]), text, data]);
}

/** `u8 type | u8 flags | u16 0 | u32 number | f64 captured | f64 presentation | fragment`; ms since 1970 here, and seconds. */
export function encodeMedia(fragment: MediaFragment, number: number, capturedMs: number, flags: number): Buffer {
  const header = Buffer.alloc(mediaHeaderBytes);
  header[0] = playerMessage.MEDIA;
  header[1] = flags | (fragment.key ? mediaFlag.KEY : 0) | (fragment.kind === 'audio' ? mediaFlag.AUDIO : 0);
  header.writeUInt32BE(number, 4);
  header.writeDoubleBE(capturedMs, 8);
  header.writeDoubleBE(fragment.seconds, 16);
  return Buffer.concat([header, fragment.data]);
}
