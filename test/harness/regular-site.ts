import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSiteCertificate } from '@app/pki';
import { CommandDispatcher, type CommandLimits, type CommandRecord } from '../../apps/agent/src/commands/index.js';
import { CameraListFile, RtspConnector, type CameraEntry } from '../../apps/agent/src/connectors/index.js';
import type { EventFeed } from '../../apps/agent/src/directory/event-watch.js';
import { DirectoryServer } from '../../apps/agent/src/directory/index.js';
import { SiteRedirector } from '../../apps/agent/src/redirector/index.js';
import { type EventSink, type SiteConnector, SiteDirectory } from '../../apps/agent/src/site/index.js';
import { type AccountRights, RIGHTS, type SiteAccount } from '../../apps/agent/src/users/rights.js';

export interface RegularSiteOptions {
  cameras?: readonly CameraEntry[];
  password?: string;
  /** Port of the directory; 0 takes a free one. */
  port?: number;
  /** How far its clock is off. */
  clockOffsetMs?: number;
  /** Its systems besides the cameras of the list. */
  connectors?: readonly SiteConnector[];
  limits?: Partial<CommandLimits>;
  /** Its store of events; without one nobody hears of them. */
  events?: EventSink & EventFeed;
}

/** A site that is reached directly, as in regular federation: its servers listen on the "LAN", here loopback. */
export class RegularSite implements AsyncDisposable {
  readonly username = 'host';
  /** Of its account; it may do everything unless a test says otherwise. */
  rights: AccountRights = { allow: [...RIGHTS], level: 1 };
  /** What its own log says of commands. */
  readonly commands: CommandRecord[] = [];
  /** By which the clock of its PTZ locks is ahead: what a test does not wait for. */
  skippedMs = 0;
  readonly #undo: (() => Promise<void>)[] = [];

  private constructor(
    readonly directory: SiteDirectory,
    readonly cameras: CameraListFile,
    readonly server: DirectoryServer,
    readonly redirector: SiteRedirector,
    readonly tlsPin: string,
    /** DER SubjectPublicKeyInfo of its servers, as an enrolment reports it. */
    readonly tlsSpki: Buffer,
    public password: string,
  ) {}

  static async start(options: RegularSiteOptions = {}): Promise<RegularSite> {
    const { cameras = [], password = 'right', port = 0, clockOffsetMs = 0 } = options;
    const stateDir = await mkdtemp(join(tmpdir(), 'adit-site-'));
    const list = new CameraListFile(stateDir);
    for (const camera of cameras) await list.put(camera);
    const certificate = await createSiteCertificate(new Date());
    const directory = new SiteDirectory();
    const connector = new RtspConnector(stateDir, { watchMs: 100, retryMs: 500 });
    const connectors: SiteConnector[] = [connector, ...(options.connectors ?? [])];
    const commands = new CommandDispatcher({
      site: directory,
      connectors,
      record: (entry) => site.commands.push(entry),
      lock: { now: () => Date.now() + site.skippedMs },
      ...(options.limits ? { limits: options.limits } : {}),
    });
    const lan = { host: '127.0.0.1', port: 0 };
    const redirector = new SiteRedirector({ certificate, directory, connectors, lan });
    const account = (): SiteAccount => ({
      name: site.username,
      rights: site.rights,
      mark: JSON.stringify(site.rights),
      credential: site.password,
    });
    const users = {
      verify: (name: string, given: string): Promise<SiteAccount | undefined> =>
        Promise.resolve(name === site.username && given === site.password ? account() : undefined),
      find: (): Promise<SiteAccount> => Promise.resolve(account()),
    };
    const server = new DirectoryServer({
      certificate,
      siteName: () => 'Regular site',
      version: '0.1.0',
      site: directory,
      users,
      clockOffsetMs,
      limits: { accountCheckMs: 100 },
      redirector,
      commands,
      ...(options.events === undefined ? {} : { events: options.events }),
      snapshots: (camera) => connector.snapshots(camera),
      lan: { ...lan, port },
    });
    const site = new RegularSite(directory, list, server, redirector, certificate.pin, certificate.spki, password);
    const events: EventSink = options.events ?? { event: () => undefined };
    await Promise.all(connectors.map((one) => one.start(directory.sink(), events)));
    await redirector.start();
    await server.start();
    site.#undo.push(
      () => commands.close(),
      () => server.close(),
      () => redirector.close(),
      ...connectors.map((one) => () => one.close()),
      () => rm(stateDir, { recursive: true }),
    );
    return site;
  }

  /** For a role's directory field. */
  get address(): string {
    return `127.0.0.1:${this.server.lanPort}`;
  }

  async stop(): Promise<void> {
    for (const undo of this.#undo.splice(0)) await undo();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
