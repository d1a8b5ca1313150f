import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccessUnit, SenderReport } from '../access-unit.js';
import { UdpPorts } from '../delivery/udp-ports.js';
import { asMediaError, MediaError } from '../errors.js';
import { DatagramReception } from '../reception/datagram-reception.js';
import { InterleavedReception } from '../reception/interleaved-reception.js';
import type { Reception, ReceptionListener, ReceptionStats } from '../reception/reception.js';
import type { StreamDescription, Track } from '../stream-description.js';
import type { Credentials } from './authorization.js';
import { assertSameHost } from './control-url.js';
import { defaultSessionMs, describeStream, takeSession } from './describing.js';
import { RtspExchange, type ExchangeOptions } from './exchange.js';
import { KeepAlive, type KeepAliveMemory } from './keep-alive.js';

export interface RtspClientOptions extends ExchangeOptions {
  /** Without a packet for this long the camera counts as gone. */
  silenceMs: number;
  /** Longest wait for TEARDOWN's answer. */
  teardownMs: number;
  /** How the media comes: within the connection, or as datagrams. */
  transport: 'tcp' | 'udp';
  /** Offers the other transport, in the same session, to a camera that refuses the first. */
  mayChange?: boolean;
  /** Longest wait for the first datagram: a firewall may swallow all of them. */
  firstPacketMs: number;
  /** Where datagrams are received. */
  ports: UdpPorts;
  /** What the camera was seen not to bear; kept for its next session. */
  keepAlive?: KeepAliveMemory;
}

export const rtspClientDefaults: RtspClientOptions = {
  requestTimeoutMs: 5000,
  silenceMs: 5000,
  teardownMs: 500,
  transport: 'tcp',
  firstPacketMs: 3000,
  // Below the ports that systems choose from by themselves, and known to whoever configures a firewall.
  ports: new UdpPorts(27_000, 28_999),
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

const firstPacketPollMs = 10;

/** One RTSP session with a camera (RFC 2326): RTP within the connection or as datagrams beside it. */
export class RtspClient {
  readonly #exchange: RtspExchange;
  readonly #interleaved: InterleavedReception;
  #reception: Reception;
  #methods = '';
  #aggregate = '';
  #sessionMs = defaultSessionMs;
  #timer: NodeJS.Timeout | undefined;
  #keepAlive: KeepAlive | undefined;
  #closed = false;

  /** `url` has no credentials in it; `socket` is connected to the URL's host. */
  constructor(
    readonly url: string,
    readonly socket: Duplex,
    readonly listener: RtspClientListener,
    credentials?: Credentials,
    readonly options: RtspClientOptions = rtspClientDefaults,
  ) {
    const ended = (error: MediaError): void => this.#ended(error);
    const interleaved = (channel: number, data: Buffer): void => this.#interleaved.receive(channel, data);
    this.#exchange = new RtspExchange(socket, options, { ended, interleaved }, credentials);
    this.#interleaved = new InterleavedReception(this.#exchange.channels, this.#heard);
    this.#reception = this.#interleaved;
  }

  get reception(): ReceptionStats {
    return this.#reception.stats;
  }

  /** OPTIONS and DESCRIBE alone: what the camera offers, without a session. The caller closes. */
  async describe(): Promise<StreamDescription> {
    try {
      return await this.#describe();
    } catch (error) {
      throw asMediaError(error, 'camera-refused');
    }
  }

  /**
   * OPTIONS, DESCRIBE, SETUP of every track and PLAY; returns the tracks that play, numbered from 0. With datagrams only once
   * the first one is here. Rejects with `camera-transport-refused` or, when no datagram comes, `camera-silent` and all others.
   */
  async play(): Promise<StreamDescription> {
    try {
      const description = await this.#describe();
      if (this.options.transport === 'udp') this.#reception = this.#datagrams();
      const tracks = await this.#setUp(description.tracks).catch((error: unknown) =>
        this.#setUpAnew(description.tracks, error),
      );
      this.#reception.begin();
      await this.#exchange.request('PLAY', this.#aggregate, { Range: 'npt=0.000-' });
      const session = { listed: this.#methods, timeoutMs: this.#sessionMs };
      this.#keepAlive = new KeepAlive(this.#exchange, this.#aggregate, session, this.options.keepAlive ?? new Set());
      if (this.#reception !== this.#interleaved) await this.#awaitFirstPacket();
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
    this.#stop();
    if (this.#exchange.session !== undefined && this.#exchange.isOpen) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise((resolve) => (timer = setTimeout(resolve, this.options.teardownMs)));
      await Promise.race([this.#exchange.request('TEARDOWN', this.#aggregate).catch(() => undefined), limit]);
      clearTimeout(timer);
    }
    this.#exchange.end(new MediaError('camera-closed', 'Closed by us'));
  }

  readonly #heard: ReceptionListener = {
    unit: (unit) => {
      if (!this.#closed) this.listener.unit(unit);
    },
    report: (report) => {
      if (!this.#closed) this.listener.report(report);
    },
    bye: () => this.#exchange.end(new MediaError('camera-closed', 'The camera said BYE')),
  };

  async #describe(): Promise<StreamDescription> {
    const { methods, aggregate, description } = await describeStream(this.#exchange, this.url);
    this.#methods = methods;
    this.#aggregate = aggregate;
    return description;
  }

  /** Only a connection of this machine's own network stack says which addresses the datagrams go between. */
  #datagrams(): DatagramReception {
    const { localAddress: local, remoteAddress: remote } = this.socket as {
      localAddress?: string;
      remoteAddress?: string;
    };
    if (!local || !remote) throw new MediaError('camera-transport-refused', 'This way to the camera carries no UDP');
    return new DatagramReception(this.options.ports, { local, remote }, this.#heard);
  }

  async #setUp(offered: Track[]): Promise<Track[]> {
    const tracks: Track[] = [];
    let refused: MediaError | undefined;
    for (const track of offered) {
      assertSameHost(track.control, this.url);
      const playing = { ...track, index: tracks.length };
      try {
        await this.#setUpTrack(playing);
        tracks.push(playing);
      } catch (error) {
        if (!isDispensable(playing, error)) throw error;
        refused ??= error;
      }
    }
    if (tracks.length > 0) return tracks;
    throw refused ?? new MediaError('camera-no-media', 'The camera offers no track that can be played');
  }

  /** A camera that is left and dialled again at once may still be busy with the end of the first session. */
  async #setUpAnew(offered: Track[], error: unknown): Promise<Track[]> {
    const isRefused = error instanceof MediaError && error.code === 'camera-transport-refused';
    if (!isRefused || !this.options.mayChange || this.#exchange.session !== undefined) throw error;
    const isInterleaved = this.#reception === this.#interleaved;
    if (!isInterleaved) this.#reception.close();
    this.#reception = isInterleaved ? this.#datagrams() : this.#interleaved;
    return this.#setUp(offered);
  }

  async #setUpTrack(track: Track): Promise<void> {
    const transport = await this.#reception.offer();
    try {
      const answer = await this.#exchange.request('SETUP', track.control, { Transport: transport });
      this.#sessionMs = takeSession(this.#exchange, answer) ?? this.#sessionMs;
      this.#reception.accept(track, answer.headers.get('transport'));
    } catch (error) {
      this.#reception.withdraw();
      throw error;
    }
  }

  async #awaitFirstPacket(): Promise<void> {
    const until = performance.now() + this.options.firstPacketMs;
    while (this.#reception.lastPacketAt === undefined) {
      if (!this.#exchange.isOpen) throw new MediaError('camera-closed', 'The camera closed the connection');
      if (performance.now() > until) {
        throw new MediaError('camera-silent', `No datagram within ${this.options.firstPacketMs} ms of PLAY`);
      }
      await delay(firstPacketPollMs);
    }
  }

  #watch(): void {
    const startedAt = performance.now();
    const { silenceMs } = this.options;
    this.#timer = setInterval(() => {
      if (performance.now() - (this.#reception.lastPacketAt ?? startedAt) < silenceMs) return;
      this.#exchange.end(new MediaError('camera-silent', `No packet for ${silenceMs} ms`));
    }, silenceMs / 5);
    if (this.#closed) this.#stop();
  }

  #ended(error: MediaError): void {
    const isMediaFlowing = performance.now() - (this.#reception.lastPacketAt ?? 0) < this.options.silenceMs / 5;
    if (error.code === 'camera-closed' && isMediaFlowing && !this.#closed) this.#keepAlive?.blame();
    this.#stop();
    if (this.#closed) return;
    this.#closed = true;
    this.listener.ended(error);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#keepAlive?.stop();
    this.#reception.close();
  }
}

/** The picture goes on without a track beside it that the camera does not give. */
function isDispensable(track: Track, error: unknown): error is MediaError {
  const codes = ['camera-refused', 'camera-not-found', 'camera-transport-refused'];
  return track.kind !== 'video' && error instanceof MediaError && codes.includes(error.code);
}
