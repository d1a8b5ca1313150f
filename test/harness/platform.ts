import { mkdtempSync, readFileSync, rmSync, chmodSync, existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf, startCloud, type Cloud } from '../../tools/launcher/cloud.mjs';
import type { CloudLayout, Ports } from '../../tools/launcher/cloud-environment.mjs';
import { startNats } from '../../tools/launcher/nats.mjs';
import { freePort, freePorts } from '../../tools/launcher/port.mjs';
import { startPostgres, type Postgres } from '../../tools/launcher/postgres.mjs';
import { CLOUD_APPS, type CloudApp } from '../../tools/launcher/provision.mjs';
import { Rest, signInFirst } from '../../tools/demo/rest.mjs';
import { Pool } from 'pg';
import { waitUntil } from './condition.js';
import { createDatabase, type TestDatabase } from './database.js';
import { Site, type SiteOptions } from './site.js';

export interface PlatformLayout {
  /** Default: all of them. */
  readonly apps?: readonly CloudApp[];
  /** Further settings by app, for example a listen address. */
  readonly extra?: CloudLayout['extra'] | ((ports: Ports) => CloudLayout['extra']);
  /** A PostgreSQL of its own, for tests that kill it. */
  readonly ownPostgres?: boolean;
  /** `built-in` or the path of a nats-server; default as in `npm start`. */
  readonly natsServer?: string;
  readonly publicHost?: string;
}

/** How long a process that was killed may take until it serves again. */
const BACK_MS = 20_000;
const LINES_KEPT = 2_000;

/** The cloud as real processes of the build on free ports. Dispose of it and nothing is left. */
export class Platform implements AsyncDisposable {
  readonly api: string;
  readonly lines: string[] = [];
  readonly #undo: (() => Promise<void> | void)[] = [];
  #cloud: Cloud | undefined;
  #postgres: Postgres | undefined;
  #database: TestDatabase | undefined;
  #natsUrl = '';
  #owner: Pool | undefined;

  private constructor(
    readonly dataDir: string,
    readonly ports: Ports,
  ) {
    this.api = `http://127.0.0.1:${ports.http}`;
  }

  static async start(layout: PlatformLayout = {}): Promise<Platform> {
    const dataDir = mkdtempSync(join(tmpdir(), 'adit-platform-'));
    chmodSync(dataDir, 0o711);
    const platform = new Platform(dataDir, await portsOf(layout.apps ?? CLOUD_APPS));
    try {
      await platform.#start(layout);
      return platform;
    } catch (error) {
      await platform.stop();
      throw new Error(`the platform does not start: ${String(error)}\n${platform.lines.slice(-30).join('\n')}`);
    }
  }

  async #start({ apps, extra, ownPostgres, natsServer, publicHost }: PlatformLayout): Promise<void> {
    const { dataDir, ports } = this;
    this.#undo.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const ownerUrl = ownPostgres ? await this.#startOwnPostgres() : await this.#createDatabase();
    this.#openOwner(ownerUrl);
    const nats = await startNats({ dir: dataDir, ...(natsServer ? { server: natsServer } : {}) });
    this.#natsUrl = nats.url;
    this.#undo.push(() => nats.stop());
    const cloud = await startCloud({
      dataDir,
      ownerUrl,
      logins: this.#database?.logins,
      nats,
      ports,
      apps: [...(apps ?? CLOUD_APPS)],
      extra: typeof extra === 'function' ? extra(ports) : extra,
      publicHost,
      demo: true,
      log: (name, line) => this.note(name, line),
    });
    this.#cloud = cloud;
    this.#undo.push(() => cloud.stop());
  }

  async #startOwnPostgres(): Promise<string> {
    const dir = join(this.dataDir, 'postgres');
    const postgres = await startPostgres({ dir, log: (line) => this.note('postgres', line) });
    this.#postgres = postgres;
    this.#undo.push(async () => {
      await postgres.stop();
      const location = join(dir, 'location');
      if (existsSync(location)) rmSync(readFileSync(location, 'utf8').trim(), { recursive: true, force: true });
    });
    return postgres.ownerUrl;
  }

  async #createDatabase(): Promise<string> {
    const database = await createDatabase();
    this.#database = database;
    // As the launcher leaves them behind it.
    writeFileSync(join(this.dataDir, 'logins.json'), JSON.stringify(database.logins), { mode: 0o600 });
    this.#undo.push(() => database.drop());
    return database.ownerUrl;
  }

  /** The database as its owner; not there with `ownPostgres`. */
  get database(): TestDatabase {
    if (!this.#database) throw new Error('this platform has a PostgreSQL of its own');
    return this.#database;
  }

  get natsUrl(): string {
    return this.#natsUrl;
  }

  /** Runs one statement as the owner of the database; each may be given another connection. */
  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    if (!this.#owner) throw new Error('the platform has no database yet');
    return (await this.#owner.query<Row>(text, values)).rows;
  }

  /** Tests poll: a connection, which costs a key derivation at both ends, is not made for each statement. */
  #openOwner(connectionString: string): void {
    const owner = new Pool({ connectionString, connectionTimeoutMillis: 5_000, max: 4 });
    // A server that is killed in between ends the connections by an event of their own.
    owner.on('error', () => undefined);
    this.#owner = owner;
    this.#undo.push(() => owner.end());
  }

  /** Rows by table, seen as the owner. */
  async counts<Table extends string>(tables: readonly Table[]): Promise<Record<Table, number>> {
    const counted: Partial<Record<Table, number>> = {};
    for (const table of tables) {
      const [row] = await this.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
      counted[table] = row?.rows ?? 0;
    }
    return counted as Record<Table, number>;
  }

  /** Keeps a process's line; a failing test shows them. */
  note(name: string, line: string): void {
    this.lines.push(`${name} | ${line}`);
    if (this.lines.length > LINES_KEPT) this.lines.splice(0, LINES_KEPT / 2);
  }

  /** Signed in as the first operator. */
  signIn(): Promise<Rest> {
    return signInFirst({ api: this.api, firstPasswordFile: join(this.dataDir, 'first-password') });
  }

  pid(app: CloudApp): number {
    const pid = this.#process(app).pid;
    if (pid === undefined) throw new Error(`${app} does not run`);
    return pid;
  }

  /** SIGKILL; resolves when the launcher's next process of the app serves. */
  async kill(app: CloudApp): Promise<void> {
    const back = this.#process(app).nextReady(BACK_MS);
    process.kill(this.pid(app), 'SIGKILL');
    await back;
  }

  /** A further process of an app, with the first one's settings; the caller ends it, else the end of the platform does. */
  async replica(app: CloudApp, name: string): Promise<AppProcess> {
    const env = { ...this.#process(app).options.env, ADIT_HEALTH_PORT: String(await freePort()) };
    const replica = new AppProcess({ name, entry: entryOf(app), env, log: (from, line) => this.note(from, line) });
    this.#undo.push(() => replica.stop());
    await replica.start(BACK_MS);
    return replica;
  }

  /** SIGKILL of the postmaster; resolves when the database answers again. Needs `ownPostgres`. */
  async killPostgres(): Promise<void> {
    const postgres = this.#postgres;
    const pid = postgres?.pid();
    if (!postgres || pid === undefined) throw new Error('killPostgres needs ownPostgres');
    process.kill(pid, 'SIGKILL');
    const answers = (): Promise<boolean> =>
      this.query('SELECT 1').then(
        () => postgres.pid() !== pid,
        () => false,
      );
    await waitUntil('PostgreSQL answers again', answers, BACK_MS);
  }

  /** A site created by REST with its own agent, not started yet. */
  async createSite(name: string, options: SiteOptions = {}): Promise<Site> {
    const site = await Site.create(this, name, options);
    this.#undo.push(() => site.stop());
    return site;
  }

  async stop(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) await undo();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #process(app: CloudApp): AppProcess {
    const found = this.#cloud?.apps.get(app);
    if (!found) throw new Error(`${app} is not part of this platform`);
    return found;
  }
}

const portsOf = async (apps: readonly CloudApp[]): Promise<Ports> => {
  const [http = 0, play = 0, rtsp = 0, tunnel = 0, ingress = 0, ...others] = await freePorts(5 + apps.length);
  const health: Ports['health'] = Object.fromEntries(apps.map((app, index) => [app, others[index] ?? 0]));
  return { http, play, rtsp, tunnel, ingress, health };
};
