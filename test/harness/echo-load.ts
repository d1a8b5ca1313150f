import { createHash, randomBytes, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const CHUNK_BYTES = 16 * 1024;
/** A pause between the echo of one chunk and the next, so that many loads leave the machine to others. */
const PAUSE_MS = 20;

/** A program at a site that sends back what it gets, and ends when its client has. */
export const startEcho = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};

export interface EchoEnd {
  /** What came back is what was sent, by SHA-256, and the other end finished it. */
  intact: boolean;
  bytes: number;
  /** errno of the socket, or empty. */
  error: string;
  atMs: number;
}

/** A dial to an echo that carries random bytes both ways until it is told to finish. */
export class EchoLoad {
  received = 0;
  readonly ended: Promise<EchoEnd>;
  private sent = 0;
  private finishing = false;
  private readonly hashes: { sent: Hash; received: Hash } = {
    sent: createHash('sha256'),
    received: createHash('sha256'),
  };

  private constructor(private readonly socket: Socket) {
    this.ended = new Promise((resolve) => {
      let error = '';
      let finished = false;
      socket.on('end', () => (finished = true));
      socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message));
      socket.once('close', () => {
        const equal = this.hashes.sent.digest('hex') === this.hashes.received.digest('hex');
        resolve({ intact: finished && equal && error === '', bytes: this.received, error, atMs: Date.now() });
      });
    });
    socket.on('data', (data: Buffer) => this.take(data));
    this.send();
  }

  /** @throws Error with the ingress' answer when that is not 200 */
  static async dial(ingressPort: number, host: string, ticket: string): Promise<EchoLoad> {
    const socket = connect({ port: ingressPort, host: '127.0.0.1', noDelay: true });
    socket.write(`CONNECT ${host}:80 HTTP/1.1\r\nhost: ${host}:80\r\nproxy-authorization: Bearer ${ticket}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!/^HTTP\/1.1 200 [^\n]*\r\n\r\n$/.test(answer.toString('latin1'))) {
      socket.destroy();
      throw new Error(answer.toString('latin1'));
    }
    return new EchoLoad(socket);
  }

  /** No further bytes; what is on its way still comes back. */
  finish(): void {
    this.finishing = true;
  }

  private take(data: Buffer): void {
    this.hashes.received.update(data);
    this.received += data.length;
    if (this.received === this.sent) setTimeout(() => this.send(), PAUSE_MS);
  }

  private send(): void {
    if (this.socket.writableEnded || this.socket.destroyed) return;
    const chunk = randomBytes(CHUNK_BYTES);
    this.sent += chunk.length;
    this.hashes.sent.update(chunk);
    if (this.finishing) this.socket.end(chunk);
    else this.socket.write(chunk);
  }
}
