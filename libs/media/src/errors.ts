/** Stable codes of this lib. A caller matches by code, never by text. */
export type MediaErrorCode =
  | 'not-implemented'
  | 'camera-unreachable'
  | 'camera-timeout'
  | 'camera-unauthorized'
  | 'camera-not-found'
  | 'camera-refused'
  | 'camera-transport-refused'
  | 'camera-foreign-host'
  | 'camera-no-media'
  | 'camera-replay-refused'
  | 'recording-range-outside'
  | 'snapshot-unsupported'
  | 'camera-silent'
  | 'camera-closed'
  | 'clip-malformed'
  | 'hub-closed'
  | 'hub-open-timeout'
  | 'hub-stream-changed'
  | 'link-malformed'
  | 'link-too-large'
  | 'link-version-unsupported'
  | 'link-refused'
  | 'link-timeout'
  | 'link-closed'
  | 'rtsp-malformed'
  | 'rtsp-too-large'
  | 'rtsp-version-unsupported'
  | 'sdp-malformed'
  | 'transport-ports-invalid'
  | 'udp-ports-exhausted'
  | 'multicast-groups-exhausted'
  | 'viewer-stalled'
  | 'viewer-timeout'
  | 'viewer-closed'
  | 'stream-not-playable'
  | 'source-failed';

export class MediaError extends Error {
  override readonly name = 'MediaError';

  constructor(
    readonly code: MediaErrorCode,
    message: string,
    /** The code of the other redirector when `code` is `link-refused`. */
    readonly remoteCode?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Anything thrown by a socket or a caller's callback becomes a MediaError with the given code. */
export function asMediaError(error: unknown, code: MediaErrorCode): MediaError {
  if (error instanceof MediaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new MediaError(code, message, undefined, { cause: error });
}
