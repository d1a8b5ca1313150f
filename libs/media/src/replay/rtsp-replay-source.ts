import { asMediaError, MediaError } from '../errors.js';
import { rtspClientDefaults } from '../rtsp/client.js';
import { RtspTarget, type RtspTargetOptions } from '../rtsp/target.js';
import { ReplayClient, type ReplayClientOptions } from './replay-client.js';
import type { RecordedRange } from './clock-range.js';
import type { OpenReplay, ReplaySink, ReplaySource } from './replay-source.js';

export interface RtspReplaySourceOptions extends ReplayClientOptions, RtspTargetOptions {
  /** OPTIONS and DESCRIBE together. */
  openTimeoutMs: number;
  /** What is recorded, when somebody else than the device's description knows it. */
  recorded?: RecordedRange;
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
  readonly #target: RtspTarget;
  readonly #options: RtspReplaySourceOptions;

  constructor(url: string, options: Partial<RtspReplaySourceOptions> = {}) {
    this.#options = { ...defaults, ...options };
    this.#target = new RtspTarget(url, this.#options);
  }

  async open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    const socket = await this.#target.connect(signal);
    const client = new ReplayClient(this.#target.url, socket, sink, this.#target.credentials, this.#options);
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
}
