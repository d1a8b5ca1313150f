import { createHash, randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { formatClock, parseClock } from '@app/media';
import type { Recording } from './recording.js';
import { ReplayRun } from './replay-run.js';
import { rtpTimeOf } from './replay-rtp.js';

export interface ReplayServerOptions {
  user?: string;
  password?: string;
  /** Says no range in its description, as many devices do. */
  hidesRange?: boolean;
  /** Hangs up at the end of the recording instead of saying BYE. */
  hangsUp?: boolean;
}

export interface ReplayQuery {
  method: string;
  url: string;
  headers: Map<string, string>;
}

const PUBLIC = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER';
const SSRC = 0x0ad17000;

/** The RTSP side of a recording device (ONVIF Streaming Specification section 6), with a parser of its own. */
export class ReplayServer {
  /** Every request, for tests that look at what came through. */
  readonly queries: ReplayQuery[] = [];
  readonly sockets = new Set<Socket>();
  readonly runs = new Set<ReplayRun>();
  /** RTP bytes written to sockets in all. */
  sentBytes = 0;
  /** What its disk takes for each picture that is not asked for in its own time; a recording of minutes takes minutes then. */
  slowMs = 0;
  readonly #server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  readonly nonce = randomBytes(8).toString('hex');

  constructor(
    readonly recording: Recording,
    readonly options: ReplayServerOptions = {},
  ) {}

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/replay`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket);
    const session = new Session(socket, this);
    let pending = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      session.stop();
      this.sockets.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let taken = session.take(pending); taken > 0; taken = session.take(pending)) {
        pending = pending.subarray(taken);
      }
    });
  }
}

class Session {
  #run: ReplayRun | undefined;
  #position: number | undefined;
  #channels: [rtp: number, rtcp: number] | undefined;
  #sequence = 1;

  constructor(
    readonly socket: Socket,
    readonly server: ReplayServer,
  ) {}

  stop(): void {
    if (!this.#run) return;
    this.#position = this.#run.positionMs;
    this.#sequence = this.#run.sequence;
    this.#run.stop();
    this.server.runs.delete(this.#run);
    this.#run = undefined;
  }

  /** @returns bytes of one message that were understood; 0 when more are needed */
  take(data: Buffer): number {
    if (data[0] === 0x24)
      return data.length >= 4 && data.length >= 4 + data.readUInt16BE(2) ? 4 + data.readUInt16BE(2) : 0;
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const [start = '', ...lines] = data.toString('latin1', 0, end).split('\r\n');
    const [method = '', url = ''] = start.split(' ');
    const headers = new Map(
      lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*:\s*/, '')]),
    );
    const query = { method, url, headers };
    this.server.queries.push(query);
    this.#answer(query);
    return end + 4 + Number(headers.get('content-length') ?? 0);
  }

  #answer(query: ReplayQuery): void {
    if (!this.#isAuthorized(query)) {
      const challenge = `Digest realm="recorder", nonce="${this.server.nonce}", algorithm=MD5, qop="auth"`;
      return this.#reply(query, 401, { 'WWW-Authenticate': challenge });
    }
    switch (query.method) {
      case 'OPTIONS':
        return this.#reply(query, 200, { Public: PUBLIC });
      case 'DESCRIBE':
        return this.#reply(
          query,
          200,
          { 'Content-Type': 'application/sdp', 'Content-Base': `${this.server.url}/` },
          this.#sdp(),
        );
      case 'SETUP':
        return this.#setUp(query);
      case 'PLAY':
        return this.#play(query);
      case 'PAUSE':
      case 'TEARDOWN':
        this.stop();
        return this.#reply(query, 200, { Session: 'rec1' });
      default:
        return this.#reply(query, 200, { Session: 'rec1' });
    }
  }

  #setUp(query: ReplayQuery): void {
    if (query.headers.get('require') !== 'onvif-replay') return this.#reply(query, 400, {});
    const channels = /RTP\/AVP\/TCP;.*interleaved=(\d+)-(\d+)/.exec(query.headers.get('transport') ?? '');
    if (!channels) return this.#reply(query, 461, {});
    this.#channels = [Number(channels[1]), Number(channels[2])];
    this.#reply(query, 200, { Session: 'rec1;timeout=60', Transport: query.headers.get('transport') });
  }

  #play(query: ReplayQuery): void {
    const { recording } = this.server;
    const { headers } = query;
    const scale = Number(headers.get('scale') ?? 1);
    const range = /^clock=([^-]*)-(.*)$/.exec(headers.get('range') ?? '');
    const resume = this.#run?.positionMs ?? this.#position;
    const first = scale < 0 ? recording.toMs : recording.fromMs;
    const fromMs = parseClock(range?.[1] ?? '') ?? resume ?? first;
    const toMs = parseClock(range?.[2] ?? '') ?? (scale < 0 ? recording.fromMs : recording.toMs);
    if (!this.#channels) return this.#reply(query, 455, {});
    const seeks = range !== null && this.#run !== undefined && headers.get('immediate') !== 'yes';
    const [rtp, rtcp] = this.#channels;
    const picked = recording.pick(fromMs, toMs, scale < 0, /^intra/.test(headers.get('frames') ?? ''));
    // Without a range it goes on with the very next picture.
    const samples = range || resume === undefined || scale < 0 ? picked : picked.filter(({ atMs }) => atMs >= resume);
    if (samples.length === 0) return this.#reply(query, 457, {});
    const queued = seeks ? this.#run?.ended : undefined;
    if (!queued) this.stop();
    const cseq = Number(headers.get('cseq')) & 0xff;
    const paced = headers.get('rate-control') !== 'no';
    const begin = (): void => {
      if (queued) this.stop();
      const { socket, server } = this;
      this.#run = new ReplayRun({
        socket,
        rtp,
        rtcp,
        ssrc: SSRC,
        sequence: this.#sequence,
        samples,
        scale,
        cseq,
        paced,
        server,
      });
      this.server.runs.add(this.#run);
    };
    const at = samples[0]?.atMs ?? fromMs;
    this.#reply(query, 200, {
      Session: 'rec1',
      Range: `clock=${formatClock(at)}-${formatClock(toMs)}`,
      ...(headers.has('scale') ? { Scale: headers.get('scale') } : {}),
      'RTP-Info': `url=${this.server.url}/trackID=video;seq=${this.#sequence};rtptime=${rtpTimeOf(at)}`,
    });
    if (queued) void queued.then(begin);
    else begin();
  }

  #sdp(): string {
    const { recording, options } = this.server;
    const sprop = recording.parameterSets.map((set) => set.toString('base64')).join(',');
    const range = options.hidesRange
      ? []
      : [`a=range:clock=${formatClock(recording.fromMs)}-${formatClock(recording.toMs)}`];
    const lines = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=recording', 't=0 0', 'a=control:*', ...range];
    lines.push('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000');
    lines.push(`a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sprop}`, 'a=control:trackID=video', '');
    return lines.join('\r\n');
  }

  #isAuthorized({ method, headers }: ReplayQuery): boolean {
    const { user, password } = this.server.options;
    if (user === undefined || method === 'OPTIONS') return true;
    const field = (name: string): string =>
      new RegExp(`${name}="?([^",]*)`).exec(headers.get('authorization') ?? '')?.[1] ?? '';
    const hash = (text: string): string => createHash('md5').update(text).digest('hex');
    const [a, b] = [hash(`${user}:recorder:${password}`), hash(`${method}:${field('uri')}`)];
    return hash(`${a}:${field('nonce')}:${field('nc')}:${field('cnonce')}:auth:${b}`) === field('response');
  }

  #reply(query: ReplayQuery, status: number, fields: Record<string, string | undefined>, body = ''): void {
    const lines = [`RTSP/1.0 ${status} ${status === 200 ? 'OK' : 'Refused'}`, `CSeq: ${query.headers.get('cseq')}`];
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) lines.push(`${name}: ${value}`);
    if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }
}
