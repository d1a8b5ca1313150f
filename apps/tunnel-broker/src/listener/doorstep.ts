import type { Socket } from 'node:net';
import { ClientHelloError, hasClientHello, MAX_CLIENT_HELLO_BYTES } from './client-hello.js';
import { ProxyHeaderError, readProxyHeader } from './proxy-header.js';

/** For a balancer to say whose connection it is. Balancers send the header with their first segment. */
export const PROXY_HEADER_MS = 2_000;

export interface DoorstepEvents {
  /** The header of a balancer is there; without an address it speaks for itself. */
  announced: (address: string | undefined) => void;
  /** A whole ClientHello is there. */
  hello: () => void;
  /** The connection cannot become one of an agent. */
  fault: (reason: string) => void;
}

/**
 * Reads what comes before a handshake: the header of a balancer, if one is due, and a whole ClientHello. Goes on
 * reading while the connection waits in line, since a socket that is not read does not tell that its peer has left.
 */
export class Doorstep {
  private received = Buffer.alloc(0);
  private headerTimer: NodeJS.Timeout | undefined;
  private hasHello = false;
  private done = false;
  /** Of the header, and later of everything before TLS. */
  bytesBefore = 0;

  constructor(
    private readonly socket: Socket,
    private headerDue: boolean,
    private readonly events: DoorstepEvents,
  ) {
    if (headerDue) this.headerTimer = setTimeout(() => this.fail('proxy-header-late'), PROXY_HEADER_MS);
    socket.on('data', this.take);
    socket.once('close', this.stop);
  }

  /** Leaves the socket as if nobody had read the ClientHello: TLS takes what is buffered in a paused socket first. */
  handOver(): void {
    this.stop();
    this.socket.pause();
    this.bytesBefore += this.received.length;
    this.socket.unshift(this.received);
    this.received = Buffer.alloc(0);
  }

  private readonly take = (chunk: Buffer): void => {
    this.received = Buffer.concat([this.received, chunk]);
    try {
      if (this.headerDue) this.readHeader();
      if (!this.headerDue) this.readHello();
    } catch (error) {
      if (!(error instanceof ProxyHeaderError) && !(error instanceof ClientHelloError)) throw error;
      this.fail(error.code);
    }
  };

  private readHeader(): void {
    const header = readProxyHeader(this.received);
    if (header === undefined) return;
    this.headerDue = false;
    clearTimeout(this.headerTimer);
    this.bytesBefore = header.bytes;
    this.received = this.received.subarray(header.bytes);
    this.events.announced(header.client?.address);
  }

  private readHello(): void {
    if (this.done) return;
    if (!this.hasHello && hasClientHello(this.received)) {
      this.hasHello = true;
      this.events.hello();
    }
    // Nothing has to follow a ClientHello before it is answered.
    if (this.received.length > MAX_CLIENT_HELLO_BYTES) throw new ClientHelloError('hello-too-large');
  }

  private fail(reason: string): void {
    if (this.done) return;
    this.stop();
    this.events.fault(reason);
  }

  /** The socket lives on for as long as a tunnel, and must not hold this. */
  private readonly stop = (): void => {
    this.done = true;
    clearTimeout(this.headerTimer);
    this.socket.off('data', this.take).off('close', this.stop);
  };
}
