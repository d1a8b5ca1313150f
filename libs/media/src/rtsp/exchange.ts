import type { Duplex } from 'node:stream';
import { MediaError } from '../errors.js';
import { Authorization, type Credentials } from './authorization.js';
import { RtspDecoder } from './decoder.js';
import { encodeRequest, encodeResponse, RtspHeaders, type RtspResponse } from './message.js';

export interface ExchangeOptions {
  requestTimeoutMs: number;
  userAgent: string;
  maxHeaderBytes: number;
  maxBodyBytes: number;
  maxJunkBytes: number;
}

export interface ExchangeListener {
  interleaved(channel: number, data: Buffer): void;
  /** An answer other than 401 was read; told before anything that stands behind it in the connection. */
  answering?(): void;
  ended(error: MediaError): void;
}

/** Of answers that a camera has not taken. */
const maxUnreadBytes = 64 << 10;

interface Asked {
  method: string;
  url: string;
  fields: Record<string, string>;
  isVital: boolean;
}

interface Pending {
  resolve(response: RtspResponse): void;
  reject(error: MediaError): void;
  timer: NodeJS.Timeout;
}

/** Requests and answers on one client connection: numbering, credentials, time-outs, and the interleaved frames between them. */
export class RtspExchange {
  readonly #decoder: RtspDecoder;
  readonly #pending = new Map<number, Pending>();
  readonly #authorization: Authorization | undefined;
  readonly channels = new Set<number>();
  #sequence = 0;
  /** The last request whose answer was not waited for: it may still come. */
  #givenUp: number | undefined;
  #error: MediaError | undefined;
  session: string | undefined;

  constructor(
    readonly socket: Duplex,
    readonly options: ExchangeOptions,
    readonly listener: ExchangeListener,
    credentials?: Credentials,
  ) {
    this.#authorization = credentials && new Authorization(credentials);
    this.#decoder = new RtspDecoder({ ...options, isChannel: (channel) => this.channels.has(channel) });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.end(new MediaError('camera-closed', error.message)));
    socket.on('close', () => this.end(new MediaError('camera-closed', 'The camera closed the connection')));
    socket.on('end', () => this.end(new MediaError('camera-closed', 'The camera ended the connection')));
  }

  get isOpen(): boolean {
    return this.#error === undefined;
  }

  /** Sends a request and answers one challenge; any status but 200 rejects with the code that fits it. */
  async request(method: string, url: string, fields: Record<string, string> = {}): Promise<RtspResponse> {
    const response = await this.ask(method, url, fields);
    if (response.status !== 200) throw refusal(method, response);
    return response;
  }

  /**
   * Like `request`, but any status is an answer. The CSeq ends with `lowByte` when that is given.
   * A request that is not vital and gets no answer in time rejects alone: the connection goes on.
   */
  async ask(
    method: string,
    url: string,
    fields: Record<string, string> = {},
    lowByte?: number,
    isVital = true,
  ): Promise<RtspResponse> {
    const send = (): Promise<RtspResponse> => this.#send({ method, url, fields, isVital }, lowByte);
    let response = await send();
    while (response.status === 401 && this.#authorization?.accept(response.headers.all('www-authenticate'))) {
      response = await send();
    }
    if (response.status !== 401) this.#authorization?.confirm();
    return response;
  }

  /** Sends a request whose answer nobody waits for. */
  tell(method: string, url: string): void {
    if (!this.#error) this.socket.write(this.#encode(method, url, ++this.#sequence, {}));
  }

  /** Ends every waiting request and destroys the socket; the listener is told once. */
  end(error: MediaError): void {
    if (this.#error) return;
    this.#error = error;
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(error);
    }
    this.#pending.clear();
    this.socket.destroy();
    this.listener.ended(error);
  }

  #send({ method, url, fields, isVital }: Asked, lowByte?: number): Promise<RtspResponse> {
    this.#sequence++;
    if (lowByte !== undefined) this.#sequence += (lowByte - this.#sequence) & 0xff;
    const sequence = this.#sequence;
    const message = this.#encode(method, url, sequence, fields);
    return new Promise((resolve, reject) => {
      if (this.#error) return reject(this.#error);
      const expire = (): void => {
        const error = new MediaError('camera-timeout', `The camera did not answer ${method} in time`);
        if (isVital) return this.end(error);
        this.#pending.delete(sequence);
        this.#givenUp = sequence;
        reject(error);
      };
      this.#pending.set(sequence, { resolve, reject, timer: setTimeout(expire, this.options.requestTimeoutMs) });
      this.socket.write(message);
    });
  }

  #encode(method: string, url: string, sequence: number, fields: Record<string, string>): Buffer {
    const headers = RtspHeaders.of({
      CSeq: String(sequence),
      'User-Agent': this.options.userAgent,
      Session: this.session,
      Authorization: this.#authorization?.header(method, url),
      ...fields,
    });
    return encodeRequest({ method, url, headers, body: Buffer.alloc(0) });
  }

  #read(chunk: Buffer): void {
    try {
      for (const item of this.#decoder.push(chunk)) {
        if (this.#error) return;
        if (item.kind === 'interleaved') this.listener.interleaved(item.channel, item.data);
        else if (item.kind === 'response') this.#answer(item.response);
        else this.#refuseRequest(item.request.headers.get('cseq'));
      }
    } catch (error) {
      this.end(error instanceof MediaError ? error : new MediaError('rtsp-malformed', String(error)));
    }
  }

  /** An answer without a CSeq, or with one that nobody used, belongs to the oldest request. */
  #answer(response: RtspResponse): void {
    const named = Number.parseInt(response.headers.get('cseq') ?? '', 10);
    if (named === this.#givenUp) return;
    const key = this.#pending.has(named) ? named : [...this.#pending.keys()][0];
    const pending = key === undefined ? undefined : this.#pending.get(key);
    if (key === undefined || !pending) return;
    this.#pending.delete(key);
    clearTimeout(pending.timer);
    if (response.status !== 401) this.listener.answering?.();
    pending.resolve(response);
  }

  #refuseRequest(sequence: string | undefined): void {
    if (this.socket.writableLength > maxUnreadBytes) {
      return this.end(new MediaError('camera-refused', 'The camera asks and does not read the answers'));
    }
    const headers = RtspHeaders.of({ CSeq: sequence });
    this.socket.write(encodeResponse({ status: 501, reason: 'Not Implemented', headers, body: Buffer.alloc(0) }));
  }
}

/** The error that fits a status other than 200. */
export function refusal(method: string, response: RtspResponse): MediaError {
  const text = `${method}: the camera answered ${response.status} ${response.reason}`;
  if (response.status === 401 || response.status === 403) return new MediaError('camera-unauthorized', text);
  if (response.status === 404) return new MediaError('camera-not-found', text);
  if (response.status >= 300 && response.status < 400) return new MediaError('camera-foreign-host', text);
  if (response.status === 461) return new MediaError('camera-transport-refused', text);
  if (response.status === 551) return new MediaError('camera-replay-refused', text);
  return new MediaError('camera-refused', text);
}
