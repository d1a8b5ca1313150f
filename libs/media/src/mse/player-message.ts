import type { MediaFragment } from '../fmp4/fmp4-stream.js';
import type { InitSegment } from '../fmp4/init-segment.js';

/** First byte of a binary message to the player; `apps/video-redirector/web/media-connection.mjs` reads them. */
export const playerMessage = { INIT: 1, MEDIA: 2 } as const;
export const mediaFlag = { KEY: 1, DISCONTINUITY: 2, AUDIO: 4 } as const;
export const mediaHeaderBytes = 24;

/** What comes before an initialisation segment: `u8 type | u8 length | MIME type`. */
export function encodeInitHeader({ mime }: InitSegment): Buffer {
  const text = Buffer.from(mime, 'latin1');
  return Buffer.concat([Buffer.from([playerMessage.INIT, text.length]), text]);
}

/**
 * What comes before a fragment: `u8 type | u8 flags | u16 0 | u32 number | f64 captured | f64 presentation`; ms since 1970 here, and seconds.
 * It is each player's own, the fragment is shared by all of them.
 */
export function encodeMediaHeader(fragment: MediaFragment, number: number, capturedMs: number, flags: number): Buffer {
  const header = Buffer.allocUnsafe(mediaHeaderBytes);
  header[0] = playerMessage.MEDIA;
  header[1] = flags | (fragment.key ? mediaFlag.KEY : 0) | (fragment.kind === 'audio' ? mediaFlag.AUDIO : 0);
  header.writeUInt16BE(0, 2);
  header.writeUInt32BE(number, 4);
  header.writeDoubleBE(capturedMs, 8);
  header.writeDoubleBE(fragment.seconds, 16);
  return header;
}
