import type { Duplex } from 'node:stream';
import { asMediaError, MediaError } from '../errors.js';
import type { Credentials } from '../rtsp/authorization.js';
import { rtspClientDefaults, type RtspClientOptions } from '../rtsp/client.js';
import { splitCredentials } from '../rtsp/control-url.js';
import { dialRtsp } from '../rtsp/dial.js';
import { ReplayClient } from './replay-client.js';
import type { RecordedRange } from './clock-range.js';
import type { OpenReplay, ReplaySink, ReplaySource } from './replay-source.js';

export interface RtspReplaySourceOptions extends Omit<RtspClientOptions, 'silenceMs'> {
  connectTimeoutMs: number;
  /** OPTIONS and DESCRIBE together. */
  openTimeoutMs: number;
  /** Takes precedence over credentials in the URL. */
  credentials?: Credentials;
  /** What is recorded, when somebody else than the device's description knows it. */
  recorded?: RecordedRange;
  connect?: (signal: AbortSignal) => Promise<Duplex>;
}

/** An answer may stand behind everything that the viewer has not read yet: only a dead device takes this long. */
const answerTimeoutMs = 120_000;

const defaults = {
  ...rtspClientDefaults,
  requestTimeoutMs: answerTimeoutMs,
  connectTimeoutMs: 5000,
  openTimeoutMs: 8000,
};

/** A recording device that replays by RTSP as ONVIF describes it (Streaming Specification section 6). */
export class RtspReplaySource implements ReplaySource {
  readonly #url: string;
  readonly #options: RtspReplaySourceOptions;
  readonly #credentials: Credentials | undefined;

  constructor(url: string, options: Partial<RtspReplaySourceOptions> = {}) {
    const { url: plain, user, password } = splitCredentials(url);
    this.#url = plain;
    this.#options = { ...defaults, ...options };
    this.#credentials = options.credentials ?? (user === undefined ? undefined : { user, password: password ?? '' });
  }

  async open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    const socket = await this.#connect(signal);
    const client = new ReplayClient(this.#url, socket, sink, this.#credentials, this.#options);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#options.openTimeoutMs)]);
    const abort = (): void => client.end(new MediaError('camera-timeout', 'The recording did not open in time'));
    limit.addEventListener('abort', abort, { once: true });
    try {
      await client.describe(this.#options.recorded);
      if (limit.aborted) throw new MediaError('hub-closed', 'Closed while opening');
      return client;
    } catch (error) {
      await client.close();
      throw asMediaError(error, 'camera-refused');
    } finally {
      limit.removeEventListener('abort', abort);
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
