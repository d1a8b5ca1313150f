import { MediaError } from '../errors.js';
import { RtspHeaders, type RtspRequest, type RtspResponse } from './message.js';

export type RtspItem =
  | { kind: 'request'; request: RtspRequest }
  | { kind: 'response'; response: RtspResponse }
  | { kind: 'interleaved'; channel: number; data: Buffer };

export interface DecoderOptions {
  maxHeaderBytes: number;
  maxBodyBytes: number;
  /** A camera may send rubbish between frames: up to this much is skipped; 0 makes it an error. */
  maxJunkBytes: number;
  /** When skipping rubbish, a `$` counts only with a channel that is in use. */
  isChannel?: (channel: number) => boolean;
}

const dollar = 0x24;
const cr = 0x0d;
const lf = 0x0a;
const maxHeaders = 64;
const startOfMessage = /^(RTSP\/\d\.\d {1,8}\d{3}|[A-Z_]+ (rtsps?:\/\/|\*))/;
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Enough bytes to tell a message from rubbish. */
const probeBytes = 32;

/** Cuts a byte stream into RTSP messages and interleaved frames, whatever the chunking. */
export class RtspDecoder {
  #pending: Buffer = Buffer.alloc(0);
  #junk = 0;

  constructor(readonly options: DecoderOptions) {}

  /** Bytes held back because they are no whole item yet. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** Throws `rtsp-malformed`, `rtsp-too-large` or `rtsp-version-unsupported`; after that the stream is beyond reading. */
  *push(chunk: Buffer): Generator<RtspItem> {
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    for (;;) {
      this.#skipLineEnds();
      if (this.#pending.length === 0) return;
      if (this.options.maxJunkBytes > 0 && !this.#resync()) return;
      const item = this.#pending[0] === dollar ? this.#interleaved() : this.#message();
      if (!item) return;
      this.#junk = 0;
      yield item;
    }
  }

  #skipLineEnds(): void {
    let at = 0;
    while (this.#pending[at] === cr || this.#pending[at] === lf) at++;
    if (at > 0) this.#pending = this.#pending.subarray(at);
  }

  /** Moves to the next plausible start; false when more bytes are needed to tell. */
  #resync(): boolean {
    for (let at = 0; at < this.#pending.length; at++) {
      const start = this.#plausible(at);
      if (start === 'no') continue;
      this.#skip(at);
      return start === 'yes';
    }
    this.#skip(this.#pending.length);
    return false;
  }

  #plausible(at: number): 'yes' | 'no' | 'unknown' {
    const byte = this.#pending[at];
    const rest = this.#pending.length - at;
    if (byte === dollar) {
      if (rest < 2) return 'unknown';
      return (this.options.isChannel?.(this.#pending[at + 1]) ?? true) ? 'yes' : 'no';
    }
    if (byte < 0x41 || byte > 0x5a) return 'no';
    const probe = this.#pending.toString('latin1', at, at + probeBytes);
    if (startOfMessage.test(probe)) return 'yes';
    return rest < probeBytes && /^[A-Z_]+[ /]?[\x20-\x7e]*$/.test(probe) ? 'unknown' : 'no';
  }

  #skip(bytes: number): void {
    if (bytes === 0) return;
    this.#junk += bytes;
    if (this.#junk > this.options.maxJunkBytes)
      throw new MediaError('rtsp-malformed', 'Too many bytes that are no RTSP');
    this.#pending = this.#pending.subarray(bytes);
  }

  #interleaved(): RtspItem | undefined {
    if (this.#pending.length < 4) return undefined;
    const end = 4 + this.#pending.readUInt16BE(2);
    if (this.#pending.length < end) return undefined;
    const item: RtspItem = { kind: 'interleaved', channel: this.#pending[1], data: this.#pending.subarray(4, end) };
    this.#pending = this.#pending.subarray(end);
    return item;
  }

  #message(): RtspItem | undefined {
    const limit = this.options.maxHeaderBytes;
    const head = this.#pending.toString('latin1', 0, limit + 4);
    const end = /\r?\n\r?\n/.exec(head);
    if (!end || end.index > limit) {
      if (this.#pending.length > limit) throw new MediaError('rtsp-too-large', 'The header is too large');
      // Something that can never become a start line is refused at its first line end, not at the size limit.
      const firstLine = /^([^\n]*?)\r?\n/.exec(head)?.[1];
      if (firstLine !== undefined) parseStartLine(firstLine);
      return undefined;
    }
    const item = parseHead(head.slice(0, end.index));
    const bodyStart = end.index + end[0].length;
    const bodyEnd = bodyStart + this.#bodyLength(item);
    if (this.#pending.length < bodyEnd) return undefined;
    const body = this.#pending.subarray(bodyStart, bodyEnd);
    if (item.kind === 'request') item.request.body = body;
    else item.response.body = body;
    this.#pending = this.#pending.subarray(bodyEnd);
    return item;
  }

  #bodyLength(item: MessageItem): number {
    const headers = item.kind === 'request' ? item.request.headers : item.response.headers;
    const text = headers.get('content-length') ?? '0';
    if (!/^\d{1,12}$/.test(text)) throw new MediaError('rtsp-malformed', 'Content-Length is no number');
    if (Number(text) > this.options.maxBodyBytes) throw new MediaError('rtsp-too-large', 'The body is too large');
    return Number(text);
  }
}

type MessageItem = Exclude<RtspItem, { kind: 'interleaved' }>;

function parseStartLine(line: string): MessageItem {
  const headers = new RtspHeaders();
  const body = Buffer.alloc(0);
  // Cameras are not strict about blanks; viewers are.
  const response = /^RTSP\/\d\.\d {1,8}(\d{3})(?: (.*))?$/.exec(line.trimEnd());
  if (response) {
    return { kind: 'response', response: { status: Number(response[1]), reason: response[2] ?? '', headers, body } };
  }
  const request = /^([A-Z_]{1,32}) (\S+) RTSP\/(\d{1,3}\.\d{1,3})$/.exec(line);
  if (!request) throw new MediaError('rtsp-malformed', 'The start line is no RTSP');
  return { kind: 'request', request: { method: request[1], url: request[2], version: request[3], headers, body } };
}

function parseHead(head: string): MessageItem {
  const lines = head.split(/\r?\n/);
  const item = parseStartLine(lines[0]);
  const headers = item.kind === 'request' ? item.request.headers : item.response.headers;
  if (lines.length > maxHeaders + 1) throw new MediaError('rtsp-too-large', 'Too many header fields');
  for (const line of unfold(lines.slice(1))) {
    // Cut by index: a pattern that trims a value takes time by the square of its blanks.
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!fieldName.test(name)) throw new MediaError('rtsp-malformed', 'A header field is no name and value');
    headers.add(name, line.slice(colon + 1).trim());
  }
  return item;
}

/** A line that begins with a blank continues the one before. */
function unfold(lines: string[]): string[] {
  const fields: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && fields.length > 0) fields.push(`${fields.pop()} ${line.trim()}`);
    else fields.push(line);
  }
  return fields;
}
