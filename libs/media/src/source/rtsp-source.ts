import { MediaError } from '../errors.js';
import { RtspClient, rtspClientDefaults, type RtspClientOptions } from '../rtsp/client.js';
import type { KeepAliveMemory } from '../rtsp/keep-alive.js';
import { RtspTarget, type RtspTargetOptions } from '../rtsp/target.js';
import { EarlyEvents } from './early-events.js';
import type { OpenSource, Source, SourceListener } from './source.js';

/** `auto` is TCP, and the other one where the camera refuses it or a firewall swallows its datagrams. */
export const cameraTransports = ['tcp', 'udp', 'auto'] as const;
export type CameraTransport = (typeof cameraTransports)[number];

export interface RtspSourceOptions extends Omit<RtspClientOptions, 'transport'>, RtspTargetOptions {
  transport: CameraTransport;
}

export const rtspSourceDefaults: RtspSourceOptions = { ...rtspClientDefaults, connectTimeoutMs: 5000 };

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
    if (transport !== 'auto') return this.#open(transport, listener, signal);
    const [first, second] = this.#preferred === 'tcp' ? (['tcp', 'udp'] as const) : (['udp', 'tcp'] as const);
    try {
      return await this.#open(first, listener, signal);
    } catch (error) {
      if (!isOfTransport(error) || signal.aborted) throw error;
    }
    const open = await this.#open(second, listener, signal);
    this.#preferred = second;
    return open;
  }

  async #open(transport: 'tcp' | 'udp', listener: SourceListener, signal: AbortSignal): Promise<OpenSource> {
    const socket = await this.#target.connect(signal);
    const early = new EarlyEvents(listener);
    const options = { ...this.#options, transport, keepAlive: this.#keepAlive };
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

/** Whether another transport may do better. */
function isOfTransport(error: unknown): boolean {
  return error instanceof MediaError && (error.code === 'camera-transport-refused' || error.code === 'camera-silent');
}
