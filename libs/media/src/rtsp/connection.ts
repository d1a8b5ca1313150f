import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { asMediaError, MediaError } from '../errors.js';
import type { Hub } from '../hub/hub.js';
import { linger } from '../link/linger.js';
import { ReplayViewer } from '../replay/replay-viewer.js';
import { readControlPackets } from '../rtp/control-packet.js';
import { formatDescription } from '../stream-description.js';
import { RtspDecoder } from './decoder.js';
import { DigestServer } from './digest.js';
import { encodeResponse, RtspHeaders, type RtspRequest } from './message.js';
import { fallbackFrom, Negotiation, reasonOf, type Negotiated, type Peer, type RefusedOffer } from './negotiation.js';
import type { Admit, Place, Refusal, Resolution, Serving, ViewerGrant, ViewerInfo } from './serving.js';
import { RtspSession } from './session.js';
import { reasonPhrases, RtspRefusal } from './status.js';
import { parseStreamUrl, type StreamUrl } from './stream-url.js';
import type { Transport } from './transport.js';

interface Answer {
  fields?: Record<string, string | undefined>;
  body?: string;
  /** Runs after the answer was handed to the socket. */
  after?: () => void;
}

interface Stream {
  path: string;
  hub: Hub;
  admit: Admit | undefined;
  grant: ViewerGrant | undefined;
}

/** What a session or a replay knows of its viewer. */
type Watching = Pick<ViewerInfo, 'id' | 'path' | 'kind' | 'grant' | 'stats'> & { transport: Transport };

const publicMethods = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER';
/** A client that is refused more often than that asks the same again. */
const maxRememberedOffers = 8;
const knownButRefused = new Set(['ANNOUNCE', 'RECORD', 'REDIRECT']);

/** One client connection: its requests one after the other, its one session, its one viewer. */
export class RtspConnection {
  readonly #handlers: Record<string, (request: RtspRequest) => Promise<Answer> | Answer> = {
    OPTIONS: () => ({ fields: { Public: publicMethods } }),
    DESCRIBE: (request) => this.#describe(request),
    SETUP: (request) => this.#setUp(request),
    PLAY: (request) => this.#play(request),
    PAUSE: (request) => this.#pause(request),
    TEARDOWN: (request) => this.#tearDown(request),
    GET_PARAMETER: (request) => this.#keepAlive(request),
    SET_PARAMETER: (request) => this.#keepAlive(request),
  };
  readonly #decoder: RtspDecoder;
  readonly #openedAt = performance.now();
  #queue: RtspRequest[] = [];
  #busy = false;
  #activeAt = this.#openedAt;
  #stream: Stream | undefined;
  #session: RtspSession | undefined;
  #viewer: ViewerInfo | undefined;
  #replay: ReplayViewer | undefined;
  /** Of what the session, or the replay, plays. */
  #admit: Admit | undefined;
  #place: Place | undefined;
  #replayGrant: ViewerGrant | undefined;
  #code = 'viewer-closed';
  #unreadAnswerBytes = 0;
  readonly #negotiation: Negotiation;
  readonly #digest: DigestServer;
  /** Offers of this client that could not be had. */
  readonly #refusedOffers: RefusedOffer[] = [];

  constructor(
    readonly socket: Duplex,
    readonly peer: Peer,
    readonly server: Serving,
  ) {
    const { options, datagrams } = server;
    const heard = (track?: number, packet?: Buffer): void => this.#heard(track, packet);
    this.#negotiation = new Negotiation(socket, peer, datagrams, heard, options);
    this.#decoder = new RtspDecoder({ ...server.options, maxJunkBytes: 0 });
    this.#digest = new DigestServer(options.realm);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.once('close', () => this.#endSession());
  }

  get remoteAddress(): string {
    return this.peer.remoteAddress;
  }

  /** The client has shown a right to some stream. */
  get authenticated(): boolean {
    return this.#stream !== undefined || this.#replay !== undefined;
  }

  sweep(now: number): void {
    const { authenticationTimeoutMs, sessionTimeoutMs } = this.server.options;
    if (!this.authenticated && now - this.#openedAt > authenticationTimeoutMs) this.destroy('viewer-timeout');
    else if (now - this.#activeAt > sessionTimeoutMs) this.destroy('viewer-timeout');
    else this.#session?.viewer?.sweep(now);
  }

  destroy(code: string): void {
    if (!this.socket.destroyed) this.#code = code;
    this.socket.destroy();
  }

  /** Ends what is watched: BYE of each source with the reason (RFC 3550 section 6.6), then the connection. */
  #dismiss(code: string): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    this.#code = code;
    this.#session?.viewer?.bye(code);
    this.#replay?.writer.bye(code);
    this.#replay?.close();
    this.#stopViewer();
    // The session goes with the socket: what was said in datagrams may still wait for its turn.
    this.socket.end();
    linger(this.socket);
  }

  #read(chunk: Buffer): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    try {
      for (const item of this.#decoder.push(chunk)) {
        this.#activeAt = performance.now();
        if (item.kind === 'request') this.#enqueue(item.request);
        else if (item.kind === 'interleaved') this.#control(item.channel, item.data);
      }
    } catch (error) {
      this.#refuseAndClose(asMediaError(error, 'rtsp-malformed'));
    }
  }

  /** A BYE in RTCP ends the session like TEARDOWN; everything else is a sign of life, and a report tells the lag. */
  #control(channel: number, data: Buffer): void {
    for (const packet of readControlPackets(data)) {
      if (packet.kind === 'bye') this.#endSession();
      else if (packet.kind === 'receiver-report' && packet.report) this.#session?.reported(channel, packet.report);
    }
  }

  /** RTCP beside the connection. Its sender can be forged, so it is believed to live and to report, not to say good-bye. */
  #heard(track: number | undefined, data: Buffer | undefined): void {
    this.#activeAt = performance.now();
    if (track === undefined || !data) return;
    for (const packet of readControlPackets(data)) {
      if (packet.kind === 'receiver-report' && packet.report) this.#session?.viewer?.reported(track, packet.report);
    }
  }

  #enqueue(request: RtspRequest): void {
    if (this.#queue.length >= this.server.options.maxQueuedRequests) {
      throw new MediaError('rtsp-too-large', 'Too many requests wait');
    }
    this.#queue.push(request);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let request = this.#queue.shift(); request && !this.socket.destroyed; request = this.#queue.shift()) {
      await this.#serve(request);
    }
    this.#busy = false;
  }

  async #serve(request: RtspRequest): Promise<void> {
    const sequence = request.headers.get('cseq');
    try {
      const answer = await this.#handle(request, sequence);
      if (this.socket.destroyed) return;
      this.#answer(200, 'OK', { CSeq: sequence, ...answer.fields }, answer.body);
      answer.after?.();
    } catch (error) {
      const refusal = error instanceof RtspRefusal ? error : unavailable(error);
      this.server.listener.refused?.(refusal.status, refusal.code, this.remoteAddress);
      const fields = { CSeq: sequence, 'X-Error-Code': refusal.code, ...refusal.headers };
      if (!this.socket.destroyed) this.#answer(refusal.status, refusal.reason, fields);
    }
  }

  #handle(request: RtspRequest, sequence: string | undefined): Promise<Answer> | Answer {
    if (request.version !== '1.0') throw new RtspRefusal(505, 'rtsp-version-unsupported');
    if (!/^\d{1,10}$/.test(sequence ?? '')) throw new RtspRefusal(400, 'rtsp-malformed', 'CSeq is missing');
    if (knownButRefused.has(request.method))
      throw new RtspRefusal(405, 'rtsp-method-refused', undefined, { Allow: publicMethods });
    const handler = Object.hasOwn(this.#handlers, request.method) ? this.#handlers[request.method] : undefined;
    if (!handler) throw new RtspRefusal(501, 'not-implemented', undefined, { Public: publicMethods });
    const required = request.headers.get('require');
    if (required !== undefined && !isOnvifReplay(required)) throw unsupported(required);
    const isOpening = request.method === 'DESCRIBE' || request.method === 'SETUP';
    const replayed = this.#replayed(request);
    if (!replayed && !isOpening) this.#assertLive(request);
    return replayed ?? handler(request);
  }

  /** A live stream is not what a client wants that requires replay. */
  #assertLive(request: RtspRequest): void {
    const required = request.headers.get('require');
    if (required !== undefined && !this.#replay) throw unsupported(required);
  }

  /** Undefined when this connection plays no recording, or the request is not about it. */
  #replayed(request: RtspRequest): Promise<Answer> | undefined {
    const replay = this.#replay;
    if (!replay) return undefined;
    const url = parseStreamUrl(request.url);
    if (url.path !== replay.path) return undefined;
    if (request.method === 'PLAY') {
      replay.assertSession(request);
      this.#enter('tcp', () => replay.writer.stats.bytes);
    }
    const handled = replay.handle(request, url);
    return handled && this.#watchReplay(replay, request, handled);
  }

  async #watchReplay(replay: ReplayViewer, request: RtspRequest, handled: Promise<Answer> | Answer): Promise<Answer> {
    try {
      const answer = await handled;
      // Without a session that still is there nobody would tell that this viewer ended.
      if (replay.hasPlayed && !this.#viewer && this.#replay === replay) {
        const { id, path, writer } = replay;
        const played = { id, path, kind: 'playback', transport: 'tcp', grant: this.#replayGrant } as const;
        this.#begin({ ...played, stats: writer.stats }, request);
      }
      return answer;
    } finally {
      if (!this.#viewer) this.#leave();
    }
  }

  /** Takes a place among those who play, unless this connection has one. Throws what the server answers instead. */
  #enter(transport: Transport, bytes: () => number, shared?: object): void {
    const end = (code: string): void => this.destroy(code);
    const admitted = this.#place ?? this.#admit?.({ transport, bytes, end, ...(shared && { shared }) });
    if (admitted && 'refuse' in admitted) throw refusedBy(admitted.refuse);
    this.#place = admitted;
  }

  #leave(): void {
    this.#place?.leave();
    this.#place = undefined;
  }

  async #describe(request: RtspRequest): Promise<Answer> {
    const accept = request.headers.get('accept');
    if (accept !== undefined && !/application\/(sdp|\*)|\*\/\*/i.test(accept))
      throw new RtspRefusal(406, 'rtsp-not-acceptable');
    const url = parseStreamUrl(request.url);
    const stream = await this.#streamOf(request, url);
    if (!stream) return this.#replayed(request)!;
    this.#assertLive(request);
    const description = await stream.hub.describe();
    const body = formatDescription(description, String(Date.now()));
    return {
      fields: { 'Content-Type': 'application/sdp', 'Content-Base': url.base, 'Cache-Control': 'no-cache' },
      body,
    };
  }

  async #setUp(request: RtspRequest): Promise<Answer> {
    const url = parseStreamUrl(request.url);
    if (this.#session) this.#assertSession(request, url);
    if (this.#session?.viewer)
      throw new RtspRefusal(455, 'rtsp-wrong-state', undefined, { Allow: 'PLAY, PAUSE, TEARDOWN' });
    if (!this.#session && request.headers.get('session') !== undefined)
      throw new RtspRefusal(454, 'rtsp-session-unknown');
    const stream = await this.#streamOf(request, url);
    if (!stream) return this.#replayed(request)!;
    this.#assertLive(request);
    const description = await stream.hub.describe();
    const id = randomBytes(8).toString('hex');
    const session = this.#session ?? new RtspSession(id, url, stream.hub, description, this.#negotiation, stream.grant);
    const granted = this.#granted(await session.setUp(url.trackId, request.headers.get('transport') ?? ''));
    if (this.socket.destroyed) session.close();
    this.#session = session;
    this.#admit = stream.admit;
    const timeout = Math.round(this.server.options.sessionTimeoutMs / 1000);
    return { fields: { Session: `${session.id};timeout=${timeout}`, Transport: granted } };
  }

  /** The Transport header of the answer; refused offers are remembered, because clients come back with the next one. */
  #granted({ granted, refused }: Negotiated): string {
    for (const offer of refused) {
      this.server.listener.offerRefused?.(offer);
      if (this.#refusedOffers.length < maxRememberedOffers) this.#refusedOffers.push(offer);
    }
    if (granted) return granted.header;
    throw new RtspRefusal(461, refused[0]?.reason ?? 'offer-unknown');
  }

  #play(request: RtspRequest): Answer {
    const url = parseStreamUrl(request.url);
    const session = this.#assertSession(request, url);
    session.assertAggregate(url.trackId);
    const fields = { Session: session.id, Range: 'npt=now-', 'RTP-Info': session.rtpInfo() };
    if (session.viewer) return { fields: { Session: session.id, Range: 'npt=now-' } };
    this.#enter(session.transport, () => session.viewer?.stats.bytes ?? 0, session.shared);
    return { fields, after: () => this.#startViewer(session, request) };
  }

  #startViewer(session: RtspSession, request: RtspRequest): void {
    const viewer = session.start(this.server.options, (error) => this.destroy(error.code));
    const { id, transport, url, grant } = session;
    this.#begin({ id, path: url.path, kind: 'live', transport, grant, stats: viewer.stats }, request);
    viewer.start();
  }

  #begin(viewer: Watching, request: RtspRequest): void {
    const { transport } = viewer;
    this.#viewer = {
      ...viewer,
      remoteAddress: this.remoteAddress,
      userAgent: request.headers.get('user-agent')?.slice(0, 200),
      encrypted: this.peer.encrypted === true,
      reason: reasonOf(transport, this.#negotiation.carries, this.#refusedOffers),
      fallbackFrom: fallbackFrom(transport, this.#refusedOffers),
      end: (code) => this.#dismiss(code),
    };
    this.server.listener.viewerStarted?.(this.#viewer);
  }

  #pause(request: RtspRequest): Answer {
    const session = this.#assertSession(request, parseStreamUrl(request.url));
    this.#stopViewer();
    return { fields: { Session: session.id } };
  }

  #tearDown(request: RtspRequest): Answer {
    if (this.#replay) {
      this.#replay.assertSession(request);
      const { id } = this.#replay;
      this.#endSession();
      return { fields: { Session: id } };
    }
    const session = this.#assertSession(request, parseStreamUrl(request.url));
    this.#endSession();
    return { fields: { Session: session.id } };
  }

  #keepAlive(request: RtspRequest): Answer {
    const id = request.headers.get('session');
    const session = this.#replay ?? this.#session;
    if (id !== undefined && id.split(';')[0] !== session?.id) throw new RtspRefusal(454, 'rtsp-session-unknown');
    return { fields: { Session: id === undefined ? undefined : session?.id } };
  }

  #assertSession(request: RtspRequest, url: StreamUrl): RtspSession {
    const id = request.headers.get('session')?.split(';')[0]?.trim();
    if (!this.#session || id !== this.#session.id) throw new RtspRefusal(454, 'rtsp-session-unknown');
    if (url.path !== this.#session.url.path)
      throw new RtspRefusal(404, 'rtsp-foreign-stream', 'Another stream than the session has');
    return this.#session;
  }

  /** The right to a path is asked once per connection: control URLs come without the query that carried the ticket. Undefined: it is a recording. */
  async #streamOf(request: RtspRequest, url: StreamUrl): Promise<Stream | undefined> {
    if (this.#stream?.path === url.path) return this.#stream;
    const authorization = request.headers.get('authorization');
    const credentials = this.#digest.read(authorization, request.method, request.url);
    const resolution = await this.server.resolve({
      method: request.method,
      url: request.url,
      path: url.path,
      query: url.query,
      remoteAddress: this.remoteAddress,
      authorization,
      credentials,
      onvifReplay: request.headers.get('require') !== undefined,
    });
    if ('refuse' in resolution) throw this.#refusal(resolution.refuse, credentials?.isStale === true);
    this.#take(resolution, url.path);
    if (resolution.ended) this.#endWith(resolution.ended);
    return this.#stream;
  }

  #refusal({ status, code, reason, challenge, digest }: Refusal, stale: boolean): RtspRefusal {
    const asked = digest === true ? this.#digest.challenges(stale) : challenge;
    return new RtspRefusal(status, code, reason, asked === undefined ? {} : { 'WWW-Authenticate': asked });
  }

  #take(resolution: Exclude<Resolution, { refuse: unknown }>, path: string): void {
    if (this.#replay || 'replay' in resolution) this.#endSession();
    if ('hub' in resolution) {
      this.#stream = { path, hub: resolution.hub, admit: resolution.admit, grant: resolution.grant };
      return;
    }
    this.#stream = undefined;
    this.#admit = resolution.admit;
    this.#replayGrant = resolution.grant;
    const onEnd = (error: MediaError): void => {
      this.#code = error.remoteCode ?? error.code;
      this.socket.end();
    };
    this.#replay = new ReplayViewer(resolution.replay, path, this.socket, this.server.options, onEnd);
  }

  #endWith(signal: AbortSignal): void {
    const end = (): void => this.destroy('viewer-revoked');
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    this.socket.once('close', () => signal.removeEventListener('abort', end));
  }

  #stopViewer(): void {
    this.#leave();
    if (!this.#viewer) return;
    this.#session?.stop();
    this.server.listener.viewerStopped?.(this.#viewer, this.#code);
    this.#viewer = undefined;
  }

  #endSession(): void {
    this.#replay?.close();
    this.#replay = undefined;
    this.#stopViewer();
    this.#session?.close();
    this.#session = undefined;
  }

  #refuseAndClose(error: MediaError): void {
    const status = error.code === 'rtsp-too-large' ? 413 : 400;
    this.server.listener.refused?.(status, error.code, this.remoteAddress);
    this.#code = error.code;
    this.#answer(status, reasonPhrases[status], { 'X-Error-Code': error.code, Connection: 'close' });
    this.socket.end();
    this.socket.removeAllListeners('data');
    this.socket.resume();
  }

  #answer(
    status: number,
    reason: string,
    fields: Record<string, string | readonly string[] | undefined>,
    body = '',
  ): void {
    const headers = RtspHeaders.of({
      ...fields,
      Server: this.server.options.serverName,
      Date: new Date().toUTCString(),
    });
    const answer = encodeResponse({ status, reason, headers, body: Buffer.from(body) });
    this.#unreadAnswerBytes += answer.length;
    if (this.#unreadAnswerBytes > this.server.options.maxUnreadAnswerBytes) return this.destroy('viewer-stalled');
    this.socket.write(answer, () => (this.#unreadAnswerBytes -= answer.length));
  }
}

function refusedBy({ status, code, reason, challenge }: Refusal): RtspRefusal {
  return new RtspRefusal(status, code, reason, challenge === undefined ? {} : { 'WWW-Authenticate': challenge });
}

function isOnvifReplay(required: string): boolean {
  return required.trim().toLowerCase() === 'onvif-replay';
}

function unsupported(required: string): RtspRefusal {
  return new RtspRefusal(551, 'not-implemented', undefined, { Unsupported: required });
}

/** Statuses of codes of the other redirector that are not 503. */
const sourceStatus: Record<string, number> = {
  'camera-not-found': 404,
  'uplink-live-exceeded': 453,
  'uplink-playback-exceeded': 453,
};

/** What goes wrong behind the server is 503 to the viewer, with the code that says why. */
function unavailable(error: unknown): RtspRefusal {
  const known = asMediaError(error, 'source-failed');
  const code = known.remoteCode ?? known.code;
  const status = sourceStatus[code] ?? 503;
  // Most players show nothing but the phrase.
  return new RtspRefusal(status, code, status === 453 ? `${reasonPhrases[status]} (${code})` : undefined);
}
