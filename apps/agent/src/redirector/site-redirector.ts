import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { StreamUsage } from '@app/contracts';
import { HubRegistry, LinkServer, type LinkDecision } from '@app/media';
import { type SiteCertificate, siteTlsOptions } from '@app/pki';
import type { RecordingSource, SiteConnector } from '../site/site-connector.js';
import type { SiteDirectory } from '../site/site-directory.js';
import { OpenReplays } from './open-replays.js';
import { SiteTicketStore, type SiteTicket } from './site-ticket-store.js';

export interface ListenAddress {
  host: string;
  port: number;
}

export interface SiteRedirectorOptions {
  certificate: Pick<SiteCertificate, 'key' | 'certificate'>;
  directory: SiteDirectory;
  connectors: readonly SiteConnector[];
  /** For regular federation; the loopback listener is always there. */
  lan?: ListenAddress | undefined;
  tickets?: SiteTicketStore;
  maxConnections?: number;
}

export interface OpenedStream extends SiteTicket {
  usage: StreamUsage;
}

const MAX_CONNECTIONS = 512;
/** A camera that is gone is asked rarely; somebody who asks for it anew shortens the wait. */
const CAMERA_BACK_OFF = { firstMs: 1_000, maxMs: 30_000 };
const LOOPBACK: ListenAddress = { host: '127.0.0.1', port: 0 };

/** Gives a camera's stream to the cloud redirector, over TLS with the site's own key. */
export class SiteRedirector {
  readonly #tickets: SiteTicketStore;
  readonly #hubs = new HubRegistry(CAMERA_BACK_OFF);
  readonly #replays = new OpenReplays();
  readonly #links: LinkServer;
  readonly #sockets = new Set<TLSSocket>();
  readonly #servers: Server[] = [];
  #unsubscribe: () => void = () => undefined;

  constructor(private readonly options: SiteRedirectorOptions) {
    this.#tickets = options.tickets ?? new SiteTicketStore();
    this.#links = new LinkServer((request) => Promise.resolve(this.#authorise(request.path, request.siteTicket)));
  }

  /** Of the loopback listener. */
  get port(): number {
    return portOf(this.#servers[0]);
  }

  /** `host:port` on the LAN; empty when the redirector is reached through the tunnel only. */
  get lanAddress(): string {
    const { lan } = this.options;
    if (lan === undefined) return '';
    return `${lan.host.includes(':') ? `[${lan.host}]` : lan.host}:${portOf(this.#servers[1])}`;
  }

  get links(): number {
    return this.#links.links;
  }

  async start(): Promise<void> {
    const { lan } = this.options;
    for (const address of lan === undefined ? [LOOPBACK] : [LOOPBACK, lan])
      this.#servers.push(await this.#listen(address));
    this.#unsubscribe = this.options.directory.subscribe(() => this.#dropStale());
  }

  /** Harmless when repeated. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#links.close();
    await this.#hubs.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Undefined: no such camera. `full`: too many streams were asked for and not fetched. */
  open(remoteId: string, usage: StreamUsage, user: string): OpenedStream | 'full' | undefined {
    const stream = this.#find(remoteId, usage);
    if (stream === undefined) return undefined;
    const ticket = this.#tickets.mint({ remoteId, usage: stream.usage, user });
    return ticket === undefined ? 'full' : { ...ticket, usage: stream.usage };
  }

  /** Undefined: no such camera, or it has no recordings. `full`: too many streams were asked for and not fetched. */
  openPlayback(remoteId: string, user: string): OpenedStream | 'full' | undefined {
    if (this.recordings(remoteId) === undefined) return undefined;
    const ticket = this.#tickets.mint({ remoteId, usage: 'recording', playback: true, user });
    return ticket === undefined ? 'full' : { ...ticket, usage: 'recording' };
  }

  recordings(remoteId: string): RecordingSource | undefined {
    for (const connector of this.options.connectors) {
      const recordings = connector.recordings?.(remoteId);
      if (recordings !== undefined) return recordings;
    }
    return undefined;
  }

  #authorise(path: string, siteTicket: string): LinkDecision {
    const grant = this.#tickets.redeem(path, siteTicket);
    if (grant === undefined) return refuse('ticket-invalid', 'This ticket does not open this path now');
    if (grant.playback === true) return this.#replay(grant.remoteId);
    const stream = this.#find(grant.remoteId, grant.usage);
    if (stream === undefined) return refuse('camera-not-found', 'The camera is gone');
    return { hub: this.#hubs.get(stream.key, stream.open) };
  }

  #replay(remoteId: string): LinkDecision {
    const recordings = this.recordings(remoteId);
    if (recordings === undefined) return refuse('recording-not-found', 'The recordings are gone');
    return { replay: this.#replays.track(recordings) };
  }

  #find(remoteId: string, usage: StreamUsage): ReturnType<SiteConnector['stream']> {
    for (const connector of this.options.connectors) {
      const stream = connector.stream(remoteId, usage);
      if (stream !== undefined) return stream;
    }
    return undefined;
  }

  /** A camera that was taken off the list, or that is another one now, is pulled no longer. */
  #dropStale(): void {
    const isHeld = (key: string): boolean => this.options.connectors.some((connector) => connector.holds(key));
    for (const [key] of [...this.#hubs.entries()]) if (!isHeld(key)) void this.#hubs.remove(key);
    this.#replays.endUnless(isHeld);
  }

  #listen({ host, port }: ListenAddress): Promise<Server> {
    const server = createServer(siteTlsOptions(this.options.certificate));
    server.maxConnections = this.options.maxConnections ?? MAX_CONNECTIONS;
    server.on('secureConnection', (socket) => this.#serve(socket));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  #serve(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    void this.#links.handle(socket);
  }
}

const portOf = (server: Server | undefined): number => (server?.address() as AddressInfo | null | undefined)?.port ?? 0;

const refuse = (code: string, detail: string): LinkDecision => ({ refuse: { code, detail } });
