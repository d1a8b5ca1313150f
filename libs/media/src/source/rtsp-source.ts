import type { Duplex } from 'node:stream';
import { asMediaError, MediaError } from '../errors.js';
import type { Credentials } from '../rtsp/authorization.js';
import { RtspClient, rtspClientDefaults, type RtspClientOptions } from '../rtsp/client.js';
import { splitCredentials } from '../rtsp/control-url.js';
import { dialRtsp } from '../rtsp/dial.js';
import { EarlyEvents } from './early-events.js';
import type { OpenSource, Source, SourceListener } from './source.js';

export interface RtspSourceOptions extends RtspClientOptions {
  connectTimeoutMs: number;
  /** Opens a socket to the camera; `signal` ends the dialling only, not the socket in use. By default TCP to the URL's host and port (554). */
  connect?: (signal: AbortSignal) => Promise<Duplex>;
  /** Takes precedence over credentials in the URL. */
  credentials?: Credentials;
}

export const rtspSourceDefaults: RtspSourceOptions = { ...rtspClientDefaults, connectTimeoutMs: 5000 };

/** A camera, pulled by RTSP over TCP. */
export class RtspSource implements Source {
  readonly #url: string;
  readonly #credentials: Credentials | undefined;
  readonly #options: RtspSourceOptions;

  constructor(url: string, options: Partial<RtspSourceOptions> = {}) {
    const { url: plain, user, password } = splitCredentials(url);
    this.#url = plain;
    this.#options = { ...rtspSourceDefaults, ...options };
    this.#credentials = options.credentials ?? (user === undefined ? undefined : { user, password: password ?? '' });
  }

  async open(listener: SourceListener, signal: AbortSignal): Promise<OpenSource> {
    const socket = await this.#connect(signal);
    const early = new EarlyEvents(listener);
    const client = new RtspClient(this.#url, socket, early, this.#credentials, this.#options);
    const abort = (): void => void client.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const description = await client.play();
      if (signal.aborted) throw new MediaError('hub-closed', 'Closed while opening');
      setImmediate(() => early.release());
      return { description, requestKeyframe: () => undefined, close: () => client.close() };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #connect(signal: AbortSignal): Promise<Duplex> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#options.connectTimeoutMs)]);
    try {
      return await (this.#options.connect?.(limited) ?? dialRtsp(this.#url, limited));
    } catch (error) {
      throw asMediaError(error, 'camera-unreachable');
    }
  }
}
