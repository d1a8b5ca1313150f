import type { Duplex } from 'node:stream';
import { MediaError } from '../errors.js';
import { readControlPackets } from '../rtp/control-packet.js';
import type { Credentials } from '../rtsp/authorization.js';
import { assertSameHost } from '../rtsp/control-url.js';
import { defaultSessionMs, describeStream, takeSession } from '../rtsp/describing.js';
import { RtspExchange, type ExchangeOptions } from '../rtsp/exchange.js';
import { reasonPhrases } from '../rtsp/status.js';
import { grantedChannels } from '../rtsp/transport.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { parseRecordedRange, rangeLines, readRange, type RecordedRange } from './clock-range.js';
import { answerFields, pickFields, type OpenReplay, type ReplayAnswer, type ReplayRequest } from './replay-source.js';
import type { ReplaySink } from './replay-source.js';
import { parseRtpInfo } from './rtp-info.js';

type Item = { track: Track; data: Buffer; isControl: boolean };

const require = { Require: 'onvif-replay' };

export interface ReplayClientOptions extends ExchangeOptions {
  /** Longest wait for TEARDOWN's answer. */
  teardownMs: number;
}

/** One replay session with a recording device over RTP interleaved in the connection. */
export class ReplayClient implements OpenReplay {
  description: StreamDescription = { name: '-', control: '', tracks: [] };
  readonly #exchange: RtspExchange;
  readonly #channels = new Map<number, { track: Track; isControl: boolean }>();
  #playing: Track[] = [];
  #recorded: RecordedRange | undefined;
  #aggregate = '';
  #methods = '';
  #sessionMs = defaultSessionMs;
  #keepAlive: NodeJS.Timeout | undefined;
  /** What stands in the connection behind an answer that was not passed on yet. */
  #held: Item[] | undefined;
  #asking = false;
  #isPaused = false;
  #closed = false;
  #ended: MediaError | undefined;

  constructor(
    readonly url: string,
    readonly socket: Duplex,
    readonly sink: ReplaySink,
    credentials: Credentials | undefined,
    readonly options: ReplayClientOptions,
  ) {
    const listener = {
      interleaved: (channel: number, data: Buffer): void => this.#receive(channel, data),
      answering: (): void => {
        if (this.#asking) this.#held ??= [];
      },
      ended: (error: MediaError): void => this.#finish(error),
    };
    this.#exchange = new RtspExchange(socket, options, listener, credentials);
  }

  /** OPTIONS and DESCRIBE. What the device says of its range goes before `recorded`. */
  async describe(recorded?: RecordedRange): Promise<void> {
    const { methods, aggregate, description } = await describeStream(this.#exchange, this.url);
    this.#methods = methods;
    this.#aggregate = aggregate;
    const own = description.ranges?.map(parseRecordedRange).find((range) => range !== undefined);
    this.#recorded = own ?? recorded;
    const finite = description.ranges?.filter((range) => /-\s*\d/.test(range) && !/now/i.test(range));
    const ranges = this.#recorded ? rangeLines(this.#recorded) : finite;
    if (description.tracks.length === 0) throw new MediaError('camera-no-media', 'The recording has no track to play');
    this.description = { ...description, ranges: ranges ?? [] };
  }

  async request(request: ReplayRequest, answered: (answer: ReplayAnswer) => void): Promise<void> {
    if (this.#ended) throw this.#ended;
    const { refused, fields } = this.#judge(request);
    if (refused) return answered(refused);
    if (this.#playing.length === 0) await this.#setUp(request.tracks);
    this.#asking = true;
    const all = { ...fields, ...require };
    const response = await this.#exchange.ask(request.method, this.#aggregate, all, request.cseq);
    this.#asking = false;
    const { status, reason, headers } = response;
    const starts = parseRtpInfo(headers.get('rtp-info'), this.#playing);
    answered({ status, reason, headers: pickFields((name) => headers.get(name), answerFields), starts });
    this.#release();
  }

  pause(): void {
    this.#isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.socket.resume();
  }

  /** TEARDOWN as far as the device answers in time, then the socket is destroyed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#keepAlive);
    if (this.#exchange.session !== undefined && !this.#ended) {
      this.#held = undefined;
      this.resume();
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise((resolve) => (timer = setTimeout(resolve, this.options.teardownMs)));
      await Promise.race([this.#exchange.ask('TEARDOWN', this.#aggregate).catch(() => undefined), limit]);
      clearTimeout(timer);
    }
    this.end(new MediaError('camera-closed', 'Closed by us'));
  }

  end(error: MediaError): void {
    this.#exchange.end(error);
  }

  /** Refuses what no device could play, in words that name what is recorded; turns seconds into absolute time. */
  #judge({ headers }: ReplayRequest): { fields: Record<string, string>; refused?: ReplayAnswer } {
    if (headers['range'] === undefined) return { fields: headers };
    const backwards = Number(headers['scale'] ?? 1) < 0;
    const { value, fault } = readRange(headers['range'], this.#recorded, backwards);
    const fields = { ...headers, range: value };
    if (!fault) return { fields };
    const status = fault === 'malformed' ? 400 : 457;
    const recorded = this.#recorded && status === 457 ? ` (recorded is ${rangeLines(this.#recorded)[0]})` : '';
    return { fields, refused: { status, reason: `${reasonPhrases[status]}${recorded}`, headers: {}, starts: [] } };
  }

  async #setUp(wanted: number[]): Promise<void> {
    const tracks = this.description.tracks.filter(({ index }) => wanted.includes(index));
    for (const [index, track] of tracks.entries()) {
      assertSameHost(track.control, this.url);
      const offered = { rtp: index * 2, rtcp: index * 2 + 1 };
      for (const channel of Object.values(offered)) this.#exchange.channels.add(channel);
      const transport = `RTP/AVP/TCP;unicast;interleaved=${offered.rtp}-${offered.rtcp}`;
      const answer = await this.#exchange.request('SETUP', track.control, { Transport: transport, ...require });
      this.#sessionMs = takeSession(this.#exchange, answer) ?? this.#sessionMs;
      const granted = grantedChannels(answer.headers.get('transport') ?? transport);
      if (!granted) throw new MediaError('camera-refused', 'The device chose a transport that was not offered');
      for (const channel of Object.values(granted)) this.#exchange.channels.add(channel);
      this.#channels.set(granted.rtp, { track, isControl: false });
      this.#channels.set(granted.rtcp, { track, isControl: true });
    }
    this.#playing = tracks;
    this.#keepAlive = setInterval(() => this.#touch(), this.#sessionMs / 2);
  }

  /** While the viewer does not read, an answer would not be read either. */
  #touch(): void {
    const method = /\bGET_PARAMETER\b/.test(this.#methods) ? 'GET_PARAMETER' : 'OPTIONS';
    if (this.#isPaused) return this.#exchange.tell(method, this.#aggregate);
    this.#exchange.ask(method, this.#aggregate).catch(() => undefined);
  }

  #receive(channel: number, data: Buffer): void {
    const known = this.#channels.get(channel);
    if (!known || this.#closed) return;
    const item = { ...known, data };
    if (this.#held) this.#held.push(item);
    else this.#pass(item);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const item of held) this.#pass(item);
  }

  #pass({ track, data, isControl }: Item): void {
    if (!isControl) this.sink.packets(track.index, [data]);
    else if (readControlPackets(data).length > 0) this.sink.control(track.index, data);
  }

  #finish(error: MediaError): void {
    this.#ended = error;
    clearInterval(this.#keepAlive);
    this.#release();
    if (!this.#closed) this.sink.ended(error);
  }
}
