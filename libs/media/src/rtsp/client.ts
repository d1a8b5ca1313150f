import type { Duplex } from 'node:stream';
import type { AccessUnit, SenderReport } from '../access-unit.js';
import { asMediaError, MediaError } from '../errors.js';
import { Assembler } from '../rtp/assembler.js';
import { readControlPackets } from '../rtp/control-packet.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { nowUs } from '../wall-clock.js';
import type { Credentials } from './authorization.js';
import { assertSameHost } from './control-url.js';
import { defaultSessionMs, describeStream, takeSession } from './describing.js';
import { RtspExchange, type ExchangeOptions } from './exchange.js';
import { grantedChannels } from './transport.js';

export interface RtspClientOptions extends ExchangeOptions {
  /** Without a packet for this long the camera counts as gone. */
  silenceMs: number;
  /** Longest wait for TEARDOWN's answer. */
  teardownMs: number;
}

export const rtspClientDefaults: RtspClientOptions = {
  requestTimeoutMs: 5000,
  silenceMs: 5000,
  teardownMs: 500,
  userAgent: 'Adit',
  maxHeaderBytes: 16 << 10,
  maxBodyBytes: 64 << 10,
  maxJunkBytes: 256 << 10,
};

export interface RtspClientListener {
  unit(unit: AccessUnit): void;
  report(report: SenderReport): void;
  /** Told once, also after a failed request; not after `close`. */
  ended(error: MediaError): void;
}

/** One RTSP session with a camera over RTP interleaved in the connection (RFC 2326). */
export class RtspClient {
  readonly #exchange: RtspExchange;
  readonly #assemblers = new Map<number, Assembler>();
  readonly #controls = new Map<number, Track>();
  #methods = '';
  #aggregate = '';
  #sessionMs = defaultSessionMs;
  #lastPacketAt = 0;
  #timers: NodeJS.Timeout[] = [];
  #closed = false;

  /** `url` has no credentials in it; `socket` is connected to the URL's host. */
  constructor(
    readonly url: string,
    socket: Duplex,
    readonly listener: RtspClientListener,
    credentials?: Credentials,
    readonly options: RtspClientOptions = rtspClientDefaults,
  ) {
    const ended = (error: MediaError): void => this.#ended(error);
    const interleaved = (channel: number, data: Buffer): void => this.#packet(channel, data);
    this.#exchange = new RtspExchange(socket, options, { ended, interleaved }, credentials);
  }

  /** OPTIONS and DESCRIBE alone: what the camera offers, without a session. The caller closes. */
  async describe(): Promise<StreamDescription> {
    try {
      return await this.#describe();
    } catch (error) {
      throw asMediaError(error, 'camera-refused');
    }
  }

  /** OPTIONS, DESCRIBE, SETUP of every track and PLAY; returns the tracks that play, numbered from 0. */
  async play(): Promise<StreamDescription> {
    try {
      const description = await this.#describe();
      const tracks = await this.#setUp(description.tracks);
      await this.#exchange.request('PLAY', this.#aggregate, { Range: 'npt=0.000-' });
      this.#watch();
      return { ...description, tracks };
    } catch (error) {
      const failure = asMediaError(error, 'camera-refused');
      await this.close();
      throw failure;
    }
  }

  /** TEARDOWN as far as the camera answers in time, then the socket is destroyed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimers();
    if (this.#exchange.session !== undefined) {
      const limit = new Promise((resolve) => this.#timers.push(setTimeout(resolve, this.options.teardownMs)));
      await Promise.race([this.#exchange.request('TEARDOWN', this.#aggregate).catch(() => undefined), limit]);
      this.#stopTimers();
    }
    this.#exchange.end(new MediaError('camera-closed', 'Closed by us'));
  }

  async #describe(): Promise<StreamDescription> {
    const { methods, aggregate, description } = await describeStream(this.#exchange, this.url);
    this.#methods = methods;
    this.#aggregate = aggregate;
    return description;
  }

  async #setUp(offered: Track[]): Promise<Track[]> {
    const tracks: Track[] = [];
    for (const track of offered) {
      assertSameHost(track.control, this.url);
      const channels = await this.#setUpTrack(track, tracks.length);
      if (!channels) continue;
      const playing = { ...track, index: tracks.length };
      tracks.push(playing);
      this.#assemblers.set(channels.rtp, new Assembler(playing));
      this.#controls.set(channels.rtcp, playing);
    }
    if (tracks.length === 0) throw new MediaError('camera-no-media', 'The camera offers no track that can be played');
    return tracks;
  }

  /** Undefined when the camera refuses a track other than video: the picture goes on without it. */
  async #setUpTrack(track: Track, index: number): Promise<{ rtp: number; rtcp: number } | undefined> {
    const wanted = { rtp: index * 2, rtcp: index * 2 + 1 };
    for (const channel of Object.values(wanted)) this.#exchange.channels.add(channel);
    try {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${wanted.rtp}-${wanted.rtcp}`;
      const answer = await this.#exchange.request('SETUP', track.control, { Transport: transport });
      this.#sessionMs = takeSession(this.#exchange, answer) ?? this.#sessionMs;
      const granted = grantedChannels(answer.headers.get('transport') ?? transport);
      if (!granted) throw new MediaError('camera-refused', 'The camera chose a transport that was not offered');
      for (const channel of Object.values(granted)) this.#exchange.channels.add(channel);
      return granted;
    } catch (error) {
      const optional = track.kind !== 'video' && error instanceof MediaError;
      if (optional && (error.code === 'camera-refused' || error.code === 'camera-not-found')) return undefined;
      throw error;
    }
  }

  #watch(): void {
    this.#lastPacketAt = performance.now();
    const method = /\bGET_PARAMETER\b/.test(this.#methods) ? 'GET_PARAMETER' : 'OPTIONS';
    const keepAlive = (): void => {
      // Only silence ends a session: some cameras answer keep-alives with an error and go on sending.
      this.#exchange.request(method, this.#aggregate).catch(() => undefined);
    };
    const watchdog = (): void => {
      if (performance.now() - this.#lastPacketAt < this.options.silenceMs) return;
      this.#exchange.end(new MediaError('camera-silent', `No packet for ${this.options.silenceMs} ms`));
    };
    this.#timers = [setInterval(keepAlive, this.#sessionMs / 2), setInterval(watchdog, this.options.silenceMs / 5)];
  }

  #packet(channel: number, data: Buffer): void {
    if (this.#closed) return;
    const assembler = this.#assemblers.get(channel);
    if (assembler) {
      this.#lastPacketAt = performance.now();
      for (const unit of assembler.push(data, nowUs())) this.listener.unit(unit);
      return;
    }
    const track = this.#controls.get(channel);
    for (const packet of track ? readControlPackets(data) : []) {
      if (packet.kind === 'sender-report') {
        this.listener.report({ track: track!.index, ntp: packet.ntp, timestamp: packet.timestamp });
      } else if (packet.kind === 'bye') {
        this.#exchange.end(new MediaError('camera-closed', 'The camera said BYE'));
      }
    }
  }

  #ended(error: MediaError): void {
    this.#stopTimers();
    if (this.#closed) return;
    this.#closed = true;
    this.listener.ended(error);
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
