/** Reason phrases of the answers this lib gives (RFC 2326 section 11.3). */
export const reasonPhrases: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  457: 'Invalid Range',
  459: 'Aggregate Operation Not Allowed',
  460: 'Only Aggregate Operation Allowed',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'RTSP Version Not Supported',
  551: 'Option Not Supported',
};

/** An answer other than 200; thrown by the handlers of the server and turned into a response in one place. */
export class RtspRefusal extends Error {
  override readonly name = 'RtspRefusal';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly reason: string = reasonPhrases[status] ?? 'Error',
    /** A field with several values stands several times. */
    readonly headers: Record<string, string | readonly string[]> = {},
  ) {
    super(reason);
  }
}
