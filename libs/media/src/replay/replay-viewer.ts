import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { MediaError } from '../errors.js';
import type { RtspRequest } from '../rtsp/message.js';
import { RtspRefusal } from '../rtsp/status.js';
import type { StreamUrl } from '../rtsp/stream-url.js';
import { parseTransports } from '../rtsp/transport.js';
import { formatDescription } from '../stream-description.js';
import { pickFields, requestFields, type OpenReplay, type ReplayAnswer, type ReplaySource } from './replay-source.js';
import { ReplayWriter, type ReplayChannels } from './replay-writer.js';
import { formatRtpInfo } from './rtp-info.js';

export interface ReplayReply {
  fields?: Record<string, string | undefined>;
  body?: string;
  /** Runs after the answer was handed to the socket. */
  after?: () => void;
}

export interface ReplayViewerOptions {
  /** Bytes that a viewer of a recording has not taken beyond which the source is read no further. */
  maxReplayBacklogBytes: number;
  sessionTimeoutMs: number;
}

const openTimeoutMs = 12_000;

/** A viewer of a recording: what it asks goes to the recording device, in a session of its own there. */
export class ReplayViewer {
  readonly id = randomBytes(8).toString('hex');
  readonly writer: ReplayWriter;
  readonly #opening = new AbortController();
  #opened: Promise<OpenReplay> | undefined;
  #hasSession = false;
  #hasPlayed = false;

  constructor(
    readonly source: ReplaySource,
    readonly path: string,
    socket: Duplex,
    readonly options: ReplayViewerOptions,
    onEnd: (error: MediaError) => void,
  ) {
    this.writer = new ReplayWriter(socket, options.maxReplayBacklogBytes, onEnd);
  }

  get hasPlayed(): boolean {
    return this.#hasPlayed;
  }

  /** Undefined for a method that is the connection's own matter. */
  handle(request: RtspRequest, url: StreamUrl): Promise<ReplayReply> | ReplayReply | undefined {
    switch (request.method) {
      case 'DESCRIBE':
        return this.#describe(url);
      case 'SETUP':
        return this.#setUp(request, url);
      case 'PLAY':
      case 'PAUSE':
        return this.#control(request.method, request, url);
      default:
        return undefined;
    }
  }

  /** Throws 454. */
  assertSession(request: RtspRequest): void {
    const id = request.headers.get('session')?.split(';')[0]?.trim();
    if (!this.#hasSession || id !== this.id) throw new RtspRefusal(454, 'rtsp-session-unknown');
  }

  /** Harmless when repeated. */
  close(): void {
    this.#hasSession = false;
    this.writer.close();
    this.#opening.abort();
    void this.#opened?.then((replay) => replay.close()).catch(() => undefined);
  }

  async #describe(url: StreamUrl): Promise<ReplayReply> {
    const { description } = await this.#open();
    const fields = { 'Content-Type': 'application/sdp', 'Content-Base': url.base, 'Cache-Control': 'no-cache' };
    return { fields, body: formatDescription(description, String(Date.now()), description.ranges) };
  }

  async #setUp(request: RtspRequest, url: StreamUrl): Promise<ReplayReply> {
    if (this.#hasPlayed) throw new RtspRefusal(455, 'rtsp-wrong-state', undefined, { Allow: 'PLAY, PAUSE, TEARDOWN' });
    if (this.#hasSession || request.headers.get('session') !== undefined) this.assertSession(request);
    const { tracks } = (await this.#open()).description;
    if (url.trackId === undefined && tracks.length !== 1) throw new RtspRefusal(459, 'rtsp-aggregate-refused');
    const track = tracks[url.trackId ?? 0];
    if (!track) throw new RtspRefusal(404, 'rtsp-track-unknown', 'No such track');
    const offers = parseTransports(request.headers.get('transport') ?? '');
    const offer = offers.find(({ transport }) => transport === 'tcp');
    if (!offer) throw new RtspRefusal(461, 'rtsp-transport-refused');
    this.writer.channels.delete(track.index);
    const { rtp, rtcp } = this.#choose(offer.rtp, offer.rtcp);
    this.writer.channels.set(track.index, { rtp, rtcp });
    this.#hasSession = true;
    const timeout = Math.round(this.options.sessionTimeoutMs / 1000);
    const granted = `RTP/AVP/TCP;unicast;interleaved=${rtp}-${rtcp}`;
    return { fields: { Session: `${this.id};timeout=${timeout}`, Transport: granted } };
  }

  async #control(method: 'PLAY' | 'PAUSE', request: RtspRequest, url: StreamUrl): Promise<ReplayReply> {
    this.assertSession(request);
    const tracks = [...this.writer.channels.keys()].toSorted((a, b) => a - b);
    if (url.trackId !== undefined && tracks.length > 1) throw new RtspRefusal(460, 'rtsp-aggregate-only');
    const replay = await this.#open();
    const headers = pickFields((name) => request.headers.get(name), requestFields);
    let answer: ReplayAnswer | undefined;
    const cseq = Number(request.headers.get('cseq')) & 0xff;
    await replay.request({ method, cseq, tracks, headers }, (given) => {
      answer = given;
      this.writer.hold();
    });
    const after = (): void => this.writer.release();
    if (!answer || answer.status !== 200) {
      setImmediate(after);
      throw refusalOf(answer);
    }
    if (method === 'PLAY') this.#hasPlayed = true;
    const { headers: given, starts } = answer;
    const fields = {
      Session: this.id,
      Range: given['range'],
      Scale: given['scale'],
      Speed: given['speed'],
      'Rate-Control': given['rate-control'],
      'RTP-Info': method === 'PLAY' ? formatRtpInfo(starts, url.base) : undefined,
    };
    return { fields, after };
  }

  #open(): Promise<OpenReplay> {
    this.#opened ??= this.#openNow().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #openNow(): Promise<OpenReplay> {
    const signal = AbortSignal.any([this.#opening.signal, AbortSignal.timeout(openTimeoutMs)]);
    const replay = await this.source.open(this.writer, signal);
    this.writer.follow(replay);
    return replay;
  }

  /** The client's wish when those channels are valid and free, else the lowest free pair. */
  #choose(rtp: number | undefined, rtcp: number | undefined): ReplayChannels {
    const taken = new Set([...this.writer.channels.values()].flatMap((pair) => [pair.rtp, pair.rtcp]));
    const free = (channel: number | undefined): boolean =>
      channel !== undefined && channel <= 255 && !taken.has(channel);
    if (rtp !== undefined && rtcp !== undefined && rtp !== rtcp && free(rtp) && free(rtcp)) return { rtp, rtcp };
    let first = 0;
    while (!free(first) || !free(first + 1)) first += 2;
    return { rtp: first, rtcp: first + 1 };
  }
}

const codes: Record<number, string> = { 400: 'rtsp-malformed', 457: 'recording-range-outside' };

/** What the recording device refuses, its viewer is told in the device's words. */
function refusalOf(answer: ReplayAnswer | undefined): RtspRefusal {
  const { status = 503, reason = 'Service Unavailable' } = answer ?? {};
  const allowed = status >= 400 && status < 600 && status !== 401 ? status : 503;
  return new RtspRefusal(allowed, codes[allowed] ?? 'camera-replay-refused', reason);
}
