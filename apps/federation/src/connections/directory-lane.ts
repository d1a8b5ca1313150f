import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { directory, type ChannelClassName } from '@app/contracts';
import { connectPinnedTls } from '@app/pki';
import { createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';

/** How a role reaches its site. */
export interface DirectoryTarget {
  tenantId: string;
  roleId: string;
  address: string;
  username: string;
  password: string;
  /** base64url SHA-256 of the SPKI that the site presents. */
  pin: string;
}

export interface LaneOptions {
  tlsTimeoutMs: number;
  /** A silent lane is asked for a sign of life this often. */
  pingIntervalMs: number;
  pingTimeoutMs: number;
  maxMessageBytes: number;
}

export const laneDefaults: LaneOptions = {
  tlsTimeoutMs: 5_000,
  pingIntervalMs: 5_000,
  pingTimeoutMs: 5_000,
  maxMessageBytes: 1 << 20,
};

export type Dial = (target: DirectoryTarget, lane: ChannelClassName, signal: AbortSignal) => Promise<Socket>;

/** One connection to a site's directory. A role has several, so that a snapshot never stands before a command. */
export class DirectoryLane {
  readonly client: Client<typeof directory.DirectoryService>;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>;

  private constructor(
    private readonly socket: TLSSocket,
    target: DirectoryTarget,
    options: LaneOptions,
  ) {
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    const authorization = `Basic ${Buffer.from(`${target.username}:${target.password}`).toString('base64')}`;
    const transport = createGrpcTransport({
      baseUrl: 'https://directory',
      // The one connection of this lane: once it has ended, calls fail and the role opens new lanes.
      nodeOptions: { createConnection: () => socket },
      interceptors: [
        (next) => (request) => {
          request.header.set('authorization', authorization);
          return next(request);
        },
      ],
      pingIntervalMs: options.pingIntervalMs,
      pingTimeoutMs: options.pingTimeoutMs,
      pingIdleConnection: true,
      readMaxBytes: options.maxMessageBytes,
      acceptCompression: [],
    });
    this.client = createClient(directory.DirectoryService, transport);
  }

  static async open(
    target: DirectoryTarget,
    lane: ChannelClassName,
    dial: Dial,
    options: LaneOptions,
    signal: AbortSignal,
  ): Promise<DirectoryLane> {
    const transport = await dial(target, lane, signal);
    const socket = await connectPinnedTls({
      socket: transport,
      pin: target.pin,
      alpn: ['h2'],
      timeoutMs: options.tlsTimeoutMs,
    });
    socket.on('error', () => socket.destroy());
    return new DirectoryLane(socket, target, options);
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  close(): void {
    this.socket.destroy();
  }
}
