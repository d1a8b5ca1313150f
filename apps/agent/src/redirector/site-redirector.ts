import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { StreamUsage } from '@app/contracts';
import { HubRegistry, LinkServer, type LinkDecision } from '@app/media';
import { type SiteCertificate, siteTlsOptions } from '@app/pki';
import type { RecordingSource, SiteConnector, StreamSource } from '../site/site-connector.js';
import { firstAnswer } from '../site/first-answer.js';
import type { SiteDirectory } from '../site/site-directory.js';
import { NO_SHARES, type VideoShares } from '../uplink/video-shares.js';
import type { Holder, Holding } from '../users/holding.js';
import { OpenReplays } from './open-replays.js';
import { OpenStreams } from './open-streams.js';
import { SiteTicketStore, type SiteTicket, type StreamGrant } from './site-ticket-store.js';
import { StreamRates } from './stream-rates.js';
import { type LiveStream, VideoUplink } from './video-uplink.js';

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
  /** What video may take of the uplink now; of the tunnel alone, as the LAN is not the uplink. */
  shares?: () => VideoShares;
}

export interface OpenedStream extends SiteTicket {
  usage: StreamUsage;
}

const MAX_CONNECTIONS = 512;
/** A camera that is gone is asked rarely; somebody who asks for it anew shortens the wait. */
const CAMERA_BACK_OFF = { firstMs: 1_000, maxMs: 30_000 };
const LOOPBACK: ListenAddress = { host: '127.0.0.1', port: 0 };
const MEASURE_MS = 1_000;

/** Gives a camera's stream to the cloud redirector, over TLS with the site's own key. */
export class SiteRedirector implements Holder {
  readonly #tickets: SiteTicketStore;
  readonly #hubs = new HubRegistry(CAMERA_BACK_OFF);
  readonly #replays = new OpenReplays();
  readonly #streams = new OpenStreams();
  readonly #rates = new StreamRates();
  /** By the tunnel, and by the LAN. */
  readonly #links: readonly [LinkServer, LinkServer];
  readonly #sockets = new Set<TLSSocket>();
  readonly #servers: Server[] = [];
  #unsubscribe: () => void = () => undefined;
  #measuring: NodeJS.Timeout | undefined;

  constructor(private readonly options: SiteRedirectorOptions) {
    this.#tickets = options.tickets ?? new SiteTicketStore();
    this.#links = [this.#linksOf(options.shares ?? (() => NO_SHARES)), this.#linksOf(() => this.#lanShares())];
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
    return this.#links[0].links + this.#links[1].links;
  }

  /** Tickets that were not used yet, and streams. */
  get held(): Holding[] {
    return [...this.#tickets.held, ...this.#streams.held];
  }

  async start(): Promise<void> {
    const { lan } = this.options;
    const [tunnelled, direct] = this.#links;
    this.#servers.push(await this.#listen(LOOPBACK, tunnelled));
    if (lan !== undefined) this.#servers.push(await this.#listen(lan, direct));
    this.#unsubscribe = this.options.directory.subscribe(() => this.#dropStale());
    this.#measuring = setInterval(() => this.#measure(), MEASURE_MS).unref();
  }

  /** Harmless when repeated. */
  async close(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#measuring);
    for (const links of this.#links) links.close();
    await this.#hubs.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Undefined: no such camera. `full`: too many streams were asked for and not fetched. */
  open(remoteId: string, usage: StreamUsage, account: StreamGrant['account']): OpenedStream | 'full' | undefined {
    const stream = this.#find(remoteId, usage);
    if (stream === undefined) return undefined;
    const ticket = this.#tickets.mint({ remoteId, usage, account });
    return ticket === undefined ? 'full' : { ...ticket, usage: stream.usage };
  }

  /** Undefined: no such camera, or it has no recordings. `full`: too many streams were asked for and not fetched. */
  openPlayback(remoteId: string, account: StreamGrant['account']): OpenedStream | 'full' | undefined {
    if (this.recordings(remoteId) === undefined) return undefined;
    const ticket = this.#tickets.mint({ remoteId, usage: 'recording', playback: true, account });
    return ticket === undefined ? 'full' : { ...ticket, usage: 'recording' };
  }

  recordings(remoteId: string): RecordingSource | undefined {
    return firstAnswer(this.options.connectors, (connector) => connector.recordings?.(remoteId));
  }

  #linksOf(shares: () => VideoShares): LinkServer {
    const uplink = new VideoUplink(shares, this.#rates);
    return new LinkServer(({ path, siteTicket }) => {
      const grant = this.#tickets.redeem(path, siteTicket);
      if (grant === undefined) return refuse('ticket-invalid', 'This ticket does not open this path now');
      return this.#streams.track(grant, () =>
        grant.playback === true
          ? this.#replay(grant.remoteId, uplink)
          : this.#live(grant, uplink, shares().adaptive.has(grant.usage)),
      );
    });
  }

  /** The LAN is not limited, but a viewer that may be exchanged on one way may be on the other. */
  #lanShares(): VideoShares {
    return { ...NO_SHARES, adaptive: this.options.shares?.().adaptive ?? NO_SHARES.adaptive };
  }

  async #live({ remoteId, usage }: StreamGrant, uplink: VideoUplink, isAdaptive: boolean): Promise<LinkDecision> {
    const stream = this.#find(remoteId, usage);
    if (stream === undefined) return refuse('camera-not-found', 'The camera is gone');
    const smaller = isAdaptive ? this.#find(remoteId, 'low-res') : undefined;
    const low = smaller?.key === stream.key ? undefined : smaller;
    return uplink.live({ high: this.#withHub(stream), low: low && this.#withHub(low) });
  }

  #replay(remoteId: string, uplink: VideoUplink): Promise<LinkDecision> {
    const recordings = this.recordings(remoteId);
    if (recordings === undefined) return refuse('recording-not-found', 'The recordings are gone');
    return Promise.resolve(uplink.playback(this.#replays.track(recordings)));
  }

  #withHub({ key, usage, open }: StreamSource): LiveStream {
    return { key, usage, hub: this.#hubs.get(key, open) };
  }

  #measure(): void {
    for (const [key, { stats }] of this.#hubs.entries()) if (stats.state === 'up') this.#rates.look(key, stats.bytes);
  }

  #find(remoteId: string, usage: StreamUsage): ReturnType<SiteConnector['stream']> {
    return firstAnswer(this.options.connectors, (connector) => connector.stream(remoteId, usage));
  }

  /** A camera that was taken off the list, or that is another one now, is pulled no longer. */
  #dropStale(): void {
    const isHeld = (key: string): boolean => this.options.connectors.some((connector) => connector.holds(key));
    for (const [key] of [...this.#hubs.entries()]) if (!isHeld(key)) void this.#hubs.remove(key);
    this.#replays.endUnless(isHeld);
  }

  #listen({ host, port }: ListenAddress, links: LinkServer): Promise<Server> {
    const server = createServer(siteTlsOptions(this.options.certificate));
    server.maxConnections = this.options.maxConnections ?? MAX_CONNECTIONS;
    server.on('secureConnection', (socket) => this.#serve(socket, links));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve(server);
      });
    });
  }

  #serve(socket: TLSSocket, links: LinkServer): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    void links.handle(socket);
  }
}

const portOf = (server: Server | undefined): number => (server?.address() as AddressInfo | null | undefined)?.port ?? 0;

const refuse = (code: string, detail: string): Promise<LinkDecision> => Promise.resolve({ refuse: { code, detail } });
