import { WebSocket } from 'ws';

/** One binary message of media, taken apart. */
export interface Piece {
  readonly number: number;
  readonly key: boolean;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly seconds: number;
  readonly data: Buffer;
}

/** The socket of the page in code: what it is told, and every fragment it gets. */
export class RecordingSocket {
  readonly told: Record<string, unknown>[] = [];
  readonly inits: { mime: string; data: Buffer }[] = [];
  readonly pieces: Piece[] = [];
  closed: number | undefined;
  /** Takes everything in; else the redirector has to wait. */
  acknowledges = true;

  private constructor(
    readonly socket: WebSocket,
    ticket: string,
  ) {
    socket.on('open', () => this.send({ ticket }));
    socket.on('close', (code) => (this.closed = code));
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary));
  }

  static open(playUrl: string): RecordingSocket {
    const { host, pathname, searchParams } = new URL(playUrl);
    return new RecordingSocket(new WebSocket(`ws://${host}${pathname}/stream`), searchParams.get('ticket') ?? '');
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** What was told under that name, the latest first. */
  said(name: string): unknown {
    return this.told.findLast((message) => name in message)?.[name];
  }

  acknowledgeAll(): void {
    const last = this.pieces.at(-1);
    if (last) this.send({ ack: last.number });
  }

  close(): void {
    this.socket.terminate();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!isBinary) return void this.told.push(JSON.parse(data.toString()) as Record<string, unknown>);
    const bytes = Buffer.from(data);
    if (bytes[0] === 1) {
      const end = 2 + (bytes[1] ?? 0);
      return void this.inits.push({ mime: bytes.toString('latin1', 2, end), data: bytes.subarray(end) });
    }
    const number = bytes.readUInt32BE(4);
    const key = ((bytes[1] ?? 0) & 1) !== 0;
    this.pieces.push({
      number,
      key,
      atMs: bytes.readDoubleBE(8),
      seconds: bytes.readDoubleBE(16),
      data: bytes.subarray(24),
    });
    if (this.acknowledges) this.send({ ack: number });
  }
}
