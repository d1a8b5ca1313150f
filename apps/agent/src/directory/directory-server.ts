import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { directory } from '@app/contracts';
import { type SiteCertificate, siteTlsOptions } from '@app/pki';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { ListenAddress } from '../redirector/site-redirector.js';
import { AccountWatches } from './account-watches.js';
import { Authentication } from './authentication.js';
import { authorisation } from './authorisation.js';
import { directoryService, type DirectoryServiceOptions } from './directory-service.js';
import { HoldingWatch } from './holding-watch.js';
import type { UserVerifier } from './user-verifier.js';

export interface DirectoryServerLimits {
  maxConnections: number;
  maxStreamsPerConnection: number;
  maxMessageBytes: number;
  /** A still picture of a camera is the largest answer. */
  maxAnswerBytes: number;
  maxHeaderListBytes: number;
  /** A connection must have proved an account by then. */
  authenticationTimeoutMs: number;
  /** A change of an account reaches its open watches, its streams and its commands after so long. */
  accountCheckMs: number;
}

export const directoryServerLimits: DirectoryServerLimits = {
  maxConnections: 64,
  maxStreamsPerConnection: 32,
  maxMessageBytes: 1 << 20,
  maxAnswerBytes: 9 << 20,
  maxHeaderListBytes: 8 << 10,
  authenticationTimeoutMs: 10_000,
  accountCheckMs: 2_000,
};

export interface DirectoryServerOptions extends Omit<DirectoryServiceOptions, 'redirectorPin' | 'watches'> {
  certificate: Pick<SiteCertificate, 'key' | 'certificate' | 'pin'>;
  users: UserVerifier;
  /** For regular federation; the loopback listener is always there. */
  lan?: ListenAddress | undefined;
  limits?: Partial<DirectoryServerLimits>;
}

const LOOPBACK: ListenAddress = { host: '127.0.0.1', port: 0 };

/** The site's directory: gRPC over HTTP/2 and TLS 1.3 with the site's own key. */
export class DirectoryServer {
  readonly #servers: Http2SecureServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #limits: DirectoryServerLimits;
  readonly #authentication: Authentication;
  readonly #watches: AccountWatches;
  readonly #holdings: HoldingWatch;

  constructor(private readonly options: DirectoryServerOptions) {
    this.#limits = { ...directoryServerLimits, ...options.limits };
    const { site, users, redirector, commands } = options;
    this.#watches = new AccountWatches(site, users, this.#limits.accountCheckMs);
    this.#holdings = new HoldingWatch(site, users, [redirector, commands], this.#limits.accountCheckMs);
    this.#authentication = new Authentication(users, this.#limits.authenticationTimeoutMs);
  }

  /** Of the loopback listener. */
  get port(): number {
    return portOf(this.#servers[0]);
  }

  /** Of the LAN listener; 0 when there is none. */
  get lanPort(): number {
    return portOf(this.#servers[1]);
  }

  async start(): Promise<void> {
    const { lan } = this.options;
    this.#holdings.start();
    for (const address of lan === undefined ? [LOOPBACK] : [LOOPBACK, lan])
      this.#servers.push(await this.#listen(address));
  }

  /** Harmless when repeated. Who is in the middle of a handshake would be waited for, and served then. */
  async close(): Promise<void> {
    this.#holdings.stop();
    const closed = this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #listen({ host, port }: ListenAddress): Promise<Http2SecureServer> {
    const server = this.#server();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  #server(): Http2SecureServer {
    const { pin } = this.options.certificate;
    const server = createSecureServer(
      {
        ...siteTlsOptions(this.options.certificate),
        allowHTTP1: false,
        settings: {
          maxConcurrentStreams: this.#limits.maxStreamsPerConnection,
          maxHeaderListSize: this.#limits.maxHeaderListBytes,
          enablePush: false,
        },
      },
      connectNodeAdapter({
        routes: (router) =>
          router.service(
            directory.DirectoryService,
            directoryService({ ...this.options, redirectorPin: pin, watches: this.#watches }),
          ),
        grpc: true,
        grpcWeb: false,
        connect: false,
        readMaxBytes: this.#limits.maxMessageBytes,
        writeMaxBytes: this.#limits.maxAnswerBytes,
        acceptCompression: [],
        interceptors: [this.#authentication.interceptor, authorisation(this.options.site)],
        contextValues: (request) => this.#authentication.contextOf(request),
      }),
    );
    server.maxConnections = this.#limits.maxConnections;
    server.on('connection', (socket: Socket) => this.#take(socket));
    server.on('session', (session) => this.#authentication.watch(session));
    server.on('sessionError', () => undefined);
    return server;
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

const portOf = (server: Http2SecureServer | undefined): number =>
  (server?.address() as AddressInfo | null | undefined)?.port ?? 0;
