/** Header fields of an RTSP message; names are compared without regard to case. */
export class RtspHeaders {
  readonly #fields = new Map<string, string[]>();

  static of(fields: Record<string, string | readonly string[] | undefined>): RtspHeaders {
    const headers = new RtspHeaders();
    for (const [name, value] of Object.entries(fields)) {
      const values = typeof value === 'string' ? [value] : (value ?? []);
      for (const one of values) headers.add(name, one);
    }
    return headers;
  }

  add(name: string, value: string): void {
    const key = name.toLowerCase();
    const values = this.#fields.get(key);
    if (values) values.push(value);
    else this.#fields.set(key, [value]);
  }

  set(name: string, value: string): void {
    this.#fields.set(name.toLowerCase(), [value]);
  }

  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.[0];
  }

  all(name: string): string[] {
    return this.#fields.get(name.toLowerCase()) ?? [];
  }

  *entries(): Generator<[name: string, value: string]> {
    for (const [name, values] of this.#fields) for (const value of values) yield [name, value];
  }
}

export interface RtspRequest {
  method: string;
  url: string;
  version: string;
  headers: RtspHeaders;
  body: Buffer;
}

export interface RtspResponse {
  status: number;
  reason: string;
  headers: RtspHeaders;
  body: Buffer;
}

/** Names as RFC 2326 writes them; a few cameras compare them with regard to case. */
const spelling: Record<string, string> = {
  cseq: 'CSeq',
  'rtp-info': 'RTP-Info',
  'www-authenticate': 'WWW-Authenticate',
};

function spell(name: string): string {
  return spelling[name] ?? name.replace(/(^|-)([a-z])/g, (match) => match.toUpperCase());
}

/** A value must not be able to begin a header of its own. */
function oneLine(value: string): string {
  // oxlint-disable-next-line no-control-regex
  return value.replace(/[\u0000-\u001f\u007f]+/g, ' ');
}

function encode(startLine: string, headers: RtspHeaders, body: Buffer): Buffer {
  const lines = [oneLine(startLine)];
  for (const [name, value] of headers.entries()) {
    if (name !== 'content-length') lines.push(`${spell(name)}: ${oneLine(value)}`);
  }
  if (body.length > 0) lines.push(`Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'), body]);
}

export function encodeRequest(request: Omit<RtspRequest, 'version'>): Buffer {
  return encode(`${request.method} ${request.url} RTSP/1.0`, request.headers, request.body);
}

export function encodeResponse(response: RtspResponse): Buffer {
  return encode(`RTSP/1.0 ${response.status} ${response.reason}`, response.headers, response.body);
}

/** RTP or RTCP embedded in the connection (RFC 2326 section 10.12). */
export function encodeInterleaved(channel: number, data: Buffer): Buffer {
  const prefix = Buffer.from([0x24, channel, data.length >> 8, data.length & 0xff]);
  return Buffer.concat([prefix, data]);
}
