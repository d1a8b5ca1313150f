import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate, timestampNow } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { createSiteCertificate, siteTlsOptions, type SiteCertificate } from '@app/pki';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';

export type EventFields = Exclude<
  MessageInitShape<typeof directory.WatchEventsResponseSchema>,
  { $typeName: string } | undefined
>;

const { ExecuteResponse_Outcome: Outcome } = directory;

/** A directly reached site that keeps events in memory and says what a test wants it to: the real protocol and TLS, no agent. */
export class ScriptedSite implements AsyncDisposable {
  readonly username = 'host';
  readonly password = 'right';
  /** All that ever happened here. */
  readonly events: directory.WatchEventsResponse[] = [];
  /** `since_sequence` of every watch. */
  readonly asked: bigint[] = [];
  readonly commands: directory.ExecuteRequest[] = [];
  /** Of the next commands. */
  answer: { outcome: directory.ExecuteResponse_Outcome; reason: string } | ConnectError = {
    outcome: Outcome.DONE,
    reason: '',
  };
  /** What a watch ends with instead of events. */
  refusal: ConnectError | undefined;
  readonly #grown = new EventEmitter().setMaxListeners(100);
  readonly #sessions = new Set<ServerHttp2Session>();
  #server: Http2SecureServer | undefined;
  #port = 0;

  private constructor(private readonly certificate: SiteCertificate) {}

  static async start(): Promise<ScriptedSite> {
    const site = new ScriptedSite(await createSiteCertificate(new Date()));
    await site.open();
    return site;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get tlsPin(): string {
    return this.certificate.pin;
  }

  /** Adds what happened; sequences go on from the last unless they are given. */
  emit(...events: EventFields[]): void {
    for (const fields of events) {
      const sequence = fields.sequence ?? (this.events.at(-1)?.sequence ?? 0n) + 1n;
      const siteTime = timestampNow();
      const period = directory.OccurrencePeriod.ONLINE;
      this.events.push(
        create(directory.WatchEventsResponseSchema, { siteTime, occurrencePeriod: period, ...fields, sequence }),
      );
    }
    this.#grown.emit('grown');
  }

  /** At the port that it had. */
  async open(): Promise<void> {
    const handler = connectNodeAdapter({
      routes: (router) => router.service(directory.DirectoryService, this.#service()),
      grpc: true,
      grpcWeb: false,
      connect: false,
      acceptCompression: [],
    });
    const server = createSecureServer({ ...siteTlsOptions(this.certificate), allowHTTP1: false }, handler);
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    server.on('sessionError', () => undefined);
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As a site that is switched off: every connection breaks. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const session of this.#sessions) session.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  cut(): void {
    for (const session of this.#sessions) session.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #service(): Partial<ServiceImpl<typeof directory.DirectoryService>> {
    return {
      getInfo: () => ({
        siteName: 'Events',
        version: '0.1.0',
        time: timestampFromDate(new Date()),
        capabilities: [directory.Capability.ENTITIES, directory.Capability.EVENTS],
      }),
      watchEntities: (_request, { signal }) => upToDate(signal),
      watchEvents: ({ sinceSequence }, { signal }) => {
        if (this.refusal) throw this.refusal;
        this.asked.push(sinceSequence);
        return this.#watch(sinceSequence, signal);
      },
      execute: (request) => {
        this.commands.push(request);
        if (this.answer instanceof ConnectError) throw this.answer;
        return this.answer;
      },
    };
  }

  async *#watch(since: bigint, signal: AbortSignal): AsyncGenerator<directory.WatchEventsResponse> {
    let next = this.events.findIndex(({ sequence }) => sequence > since);
    if (next < 0) next = this.events.length;
    while (!signal.aborted) {
      const news = this.events.slice(next);
      next += news.length;
      yield* news;
      if (next < this.events.length) continue;
      await once(this.#grown, 'grown', { signal }).catch(() => undefined);
    }
  }
}

async function* upToDate(signal: AbortSignal): AsyncGenerator<directory.WatchEntitiesResponse> {
  yield create(directory.WatchEntitiesResponseSchema, { revision: 1n });
  if (!signal.aborted) await once(signal, 'abort');
}

export const denied = (): ConnectError => new ConnectError('the account may see no events', Code.PermissionDenied);
