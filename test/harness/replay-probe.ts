import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { waitUntil } from './condition.js';

export interface ProbeAnswer {
  status: number;
  reason: string;
  headers: Map<string, string>;
  body: string;
}

const LIMIT_MS = 15_000;

/** An RTSP client that keeps every byte of RTP and RTCP it gets, and where answers stood between them. */
export class ReplayProbe {
  /** Packets of channel 0, in order. */
  readonly packets: Buffer[] = [];
  /** Packets of channel 1. */
  readonly reports: Buffer[] = [];
  /** How many packets had come before each answer. */
  readonly answeredAt: number[] = [];
  closed = false;
  session = '';
  #pending = Buffer.alloc(0);
  #answers: ProbeAnswer[] = [];
  #cseq: number;

  private constructor(
    readonly url: string,
    readonly socket: Socket,
    firstCseq: number,
  ) {
    this.#cseq = firstCseq;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
    socket.on('end', () => (this.closed = true));
  }

  static async open(url: string, firstCseq = 1): Promise<ReplayProbe> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new ReplayProbe(url, socket, firstCseq);
  }

  /** DESCRIBE and SETUP of the first track. @returns the description */
  async setUp(): Promise<string> {
    const { body, headers } = await this.ask('DESCRIBE', {});
    const control = [...body.matchAll(/^a=control:(?!\*)(.*?)\r?$/gm)][0]?.[1] ?? '';
    const url = `${headers.get('content-base') ?? `${this.url}/`}${control}`;
    const fields = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1', Require: 'onvif-replay' };
    const answer = await this.ask('SETUP', fields, url);
    this.session = answer.headers.get('session')?.split(';')[0] ?? '';
    return body;
  }

  play(fields: Record<string, string> = {}): Promise<ProbeAnswer> {
    return this.ask('PLAY', { Require: 'onvif-replay', ...fields });
  }

  async ask(method: string, fields: Record<string, string>, url = this.url): Promise<ProbeAnswer> {
    const all = { CSeq: String(this.#cseq++), ...(this.session === '' ? {} : { Session: this.session }), ...fields };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`${method} ${url} RTSP/1.0\r\n${lines.join('')}\r\n`);
    await waitUntil(`${method} is answered`, () => Promise.resolve(this.#answers.length > 0 || this.closed), LIMIT_MS);
    const answer = this.#answers.shift();
    if (!answer) throw new Error(`${method}: the connection ended`);
    return answer;
  }

  get saidBye(): boolean {
    return this.reports.some((report) => report.includes(Buffer.from([0x81, 0xcb])));
  }

  async untilBye(): Promise<void> {
    await waitUntil('the recording ends', () => Promise.resolve(this.saidBye), LIMIT_MS);
  }

  async until(count: number): Promise<void> {
    await waitUntil(`${count} packets`, () => Promise.resolve(this.packets.length >= count), LIMIT_MS);
  }

  close(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const taken = this.#pending[0] === 0x24 ? this.#frame() : this.#answer();
      if (taken === 0) return;
      this.#pending = this.#pending.subarray(taken);
    }
  }

  #frame(): number {
    if (this.#pending.length < 4) return 0;
    const end = 4 + this.#pending.readUInt16BE(2);
    if (this.#pending.length < end) return 0;
    const data = Buffer.from(this.#pending.subarray(4, end));
    (this.#pending[1] === 0 ? this.packets : this.reports).push(data);
    return end;
  }

  #answer(): number {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const [start = '', ...lines] = this.#pending.toString('latin1', 0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*:\s*/, '')]),
    );
    const length = Number(headers.get('content-length') ?? 0);
    if (this.#pending.length < end + 4 + length) return 0;
    const [, status = '0', reason = ''] = /^RTSP\/1\.0 (\d+) ?(.*)$/.exec(start) ?? [];
    this.#answers.push({
      status: Number(status),
      reason,
      headers,
      body: this.#pending.toString('utf8', end + 4, end + 4 + length),
    });
    this.answeredAt.push(this.packets.length);
    return end + 4 + length;
  }
}

/** NTP time of the packets that carry the replay extension, in milliseconds since 1970, with the flags C, E, D and the CSeq. */
export const extensionsOf = (packets: readonly Buffer[]): { atMs: number; flags: number; cseq: number }[] =>
  packets
    .filter((packet) => ((packet[0] ?? 0) & 0x10) !== 0 && packet.readUInt16BE(12) === 0xabac)
    .map((packet) => ({
      atMs: (packet.readUInt32BE(16) - 2_208_988_800) * 1000 + Math.round((packet.readUInt32BE(20) / 2 ** 32) * 1000),
      flags: packet[24] ?? 0,
      cseq: packet[25] ?? 0,
    }));
