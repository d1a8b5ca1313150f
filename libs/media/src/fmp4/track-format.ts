/** How a track's samples are described in an initialisation segment. */
export interface TrackFormat {
  kind: 'video' | 'audio';
  /** For the `codecs` parameter of a MIME type (RFC 6381). */
  codec: string;
  /** The sample entry box of `stsd`. */
  entry: Buffer;
  /** Pixels; 0 for audio. */
  width: number;
  height: number;
}
