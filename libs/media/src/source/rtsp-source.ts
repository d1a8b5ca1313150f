import { MediaError } from '../errors.js';
import { RtspClient, rtspClientDefaults, type RtspClientOptions } from '../rtsp/client.js';
import type { KeepAliveMemory } from '../rtsp/keep-alive.js';
import { RtspTarget, type RtspTargetOptions } from '../rtsp/target.js';
import { EarlyEvents } from './early-events.js';
import type { OpenSource, Source, SourceListener } from './source.js';

/** `auto` is TCP, and the other one where the camera refuses it or a firewall swallows its datagrams. */
export const cameraTransports = ['tcp', 'udp', 'auto'] as const;
export type CameraTransport = (typeof cameraTransports)[number];

export interface RtspSourceOptions extends Omit<RtspClientOptions, 'transport' | 'mayChange'>, RtspTargetOptions {
  transport: CameraTransport;
}

export const rtspSourceDefaults: RtspSourceOptions = { ...rtspClientDefaults, connectTimeoutMs: 5000 };

type Way = Pick<RtspClientOptions, 'transport' | 'mayChange'>;

/** A camera, pulled by RTSP. */
export class RtspSource implements Source {
  readonly #target: RtspTarget;
  readonly #options: RtspSourceOptions;
  readonly #keepAlive: KeepAliveMemory = new Set();
  /** What `auto` begins with. */
  #preferred: 'tcp' | 'udp' = 'tcp';

  constructor(url: string, options: Partial<RtspSourceOptions> = {}) {
    this.#options = { ...rtspSourceDefaults, ...options };
    this.#target = new RtspTarget(url, this.#options);
  }

  async open(listener: SourceListener, signal: AbortSignal): Promise<OpenSource> {
    const { transport } = this.#options;
    if (transport !== 'auto') return this.#open({ transport }, listener, signal);
    const first = this.#preferred;
    try {
      const open = await this.#open({ transport: first, mayChange: true }, listener, signal);
      this.#preferred = open.reception?.().transport ?? first;
      return open;
    } catch (error) {
      const isSwallowed = first === 'udp' && error instanceof MediaError && error.code === 'camera-silent';
      if (!isSwallowed || signal.aborted) throw error;
    }
    this.#preferred = 'tcp';
    return this.#open({ transport: 'tcp' }, listener, signal);
  }

  async #open(way: Way, listener: SourceListener, signal: AbortSignal): Promise<OpenSource> {
    const socket = await this.#target.connect(signal);
    const early = new EarlyEvents(listener);
    const options = { ...this.#options, ...way, keepAlive: this.#keepAlive };
    const client = new RtspClient(this.#target.url, socket, early, this.#target.credentials, options);
    const abort = (): void => void client.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const description = await client.play();
      if (signal.aborted) throw new MediaError('hub-closed', 'Closed while opening');
      setImmediate(() => early.release());
      return {
        description,
        reception: () => client.reception,
        requestKeyframe: () => undefined,
        close: () => client.close(),
      };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
