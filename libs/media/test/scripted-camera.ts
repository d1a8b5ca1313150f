import { createServer, type AddressInfo, type Socket } from 'node:net';
import { RtspDecoder } from '../src/rtsp/decoder.js';
import { encodeInterleaved, encodeResponse, RtspHeaders, type RtspRequest } from '../src/rtsp/message.js';
import { writeRtp } from '../src/rtp/packet.js';

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string | undefined>;
  body?: string;
  /** Bytes before the answer. */
  before?: Buffer;
}

/** Undefined gives the answer of a well-behaved camera. */
export type Script = (request: RtspRequest, camera: ScriptedCamera) => ScriptedAnswer | 'silence' | undefined;

const sdp = [
  'v=0',
  'o=- 0 0 IN IP4 0.0.0.0',
  's=cam',
  't=0 0',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=control:track1',
  '',
].join('\r\n');

/** A camera that answers as a test wants it to. */
export class ScriptedCamera {
  readonly requests: RtspRequest[] = [];
  readonly #server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();
  #sequence = 0;

  constructor(readonly script: Script = () => undefined) {}

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.url;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/cam`;
  }

  get methods(): string[] {
    return this.requests.map((request) => request.method);
  }

  static get sdp(): string {
    return sdp;
  }

  /** Sends a one-packet keyframe on channel 0 to all. */
  sendUnit(prefix: Buffer = Buffer.alloc(0)): void {
    this.#sequence++;
    const fields = {
      marker: true,
      payloadType: 96,
      sequence: this.#sequence,
      timestamp: this.#sequence * 3600,
      ssrc: 5,
    };
    this.write(Buffer.concat([prefix, encodeInterleaved(0, writeRtp(fields, Buffer.from([0x65, 0x80])))]));
  }

  write(data: Buffer): void {
    for (const socket of this.#sockets) socket.write(data);
  }

  /** Closes every connection and goes on listening. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const decoder = new RtspDecoder({ maxHeaderBytes: 8192, maxBodyBytes: 8192, maxJunkBytes: 0 });
    socket.on('data', (chunk: Buffer) => {
      for (const item of decoder.push(chunk)) if (item.kind === 'request') this.#answer(socket, item.request);
    });
  }

  #answer(socket: Socket, request: RtspRequest): void {
    this.requests.push(request);
    const scripted = this.script(request, this);
    if (scripted === 'silence') return;
    const usual = usualAnswer(request);
    const answer = { ...usual, ...scripted };
    const headers = RtspHeaders.of({ CSeq: request.headers.get('cseq'), ...answer.headers });
    const body = Buffer.from(answer.body ?? '');
    if (scripted?.before) socket.write(scripted.before);
    socket.write(encodeResponse({ status: answer.status ?? 200, reason: 'Scripted', headers, body }));
  }
}

function usualAnswer(request: RtspRequest): ScriptedAnswer {
  switch (request.method) {
    case 'OPTIONS':
      return { headers: { Public: 'DESCRIBE, SETUP, PLAY, GET_PARAMETER' } };
    case 'DESCRIBE':
      return { headers: { 'Content-Type': 'application/sdp', 'Content-Base': `${request.url}/` }, body: sdp };
    case 'SETUP':
      return { headers: { Session: 'abc;timeout=60', Transport: request.headers.get('transport')! } };
    default:
      return { headers: { Session: 'abc' } };
  }
}
