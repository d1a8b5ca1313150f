import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyfileIssue, keyfileRevoke, unseal } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { type CommonEnvironment, createLogger, MessageClient } from '@app/runtime';
import { type Cloud, startCloud } from '../../tools/launcher/cloud.mjs';
import { startNats } from '../../tools/launcher/nats.mjs';
import { freePorts } from '../../tools/launcher/port.mjs';
import { adit, type AditRun } from './adit.js';
import { createEmptyDatabase } from './database.js';

type Jwk = Parameters<typeof unseal>[1];
type EmptyDatabase = Awaited<ReturnType<typeof createEmptyDatabase>>;

export interface IssuedKeyfile {
  keyfileId: string;
  agentId: string;
  siteId: string;
  text: string;
}

/** Issuer and broker as processes, whose database and keys can be lost. The revocation journal is on another disk. */
export class LosableCloud {
  private cloud: Cloud | undefined;
  private readonly used: EmptyDatabase[] = [];

  private constructor(
    readonly dir: string,
    private readonly nats: Awaited<ReturnType<typeof startNats>>,
    readonly tunnelPort: number,
    private readonly ingressPort: number,
    public database: EmptyDatabase,
    readonly messages: MessageClient,
  ) {
    this.used.push(database);
  }

  static async start(): Promise<LosableCloud> {
    const dir = mkdtempSync(join(tmpdir(), 'adit-losable-'));
    const nats = await startNats({ dir });
    const environment = { NATS_URL: nats.url, ADIT_NATS_TOKEN_FILE: join(dir, 'nats.token') } as CommonEnvironment;
    const messages = new MessageClient(environment, createLogger('admin-api', 'silent'));
    const [tunnel = 0, ingress = 0] = await freePorts(2);
    const cloud = new LosableCloud(dir, nats, tunnel, ingress, await createEmptyDatabase(), messages);
    await cloud.startApps();
    return cloud;
  }

  get journal(): string {
    return join(this.dir, 'other-disk', 'revocation.journal');
  }

  async startApps(): Promise<void> {
    mkdirSync(join(this.dir, 'other-disk'), { recursive: true });
    this.cloud = await startCloud({
      dataDir: this.dir,
      ownerUrl: this.database.ownerUrl,
      nats: this.nats,
      ports: { http: 1, play: 0, rtsp: 1, tunnel: this.tunnelPort, ingress: this.ingressPort, health: {} },
      apps: ['keyfile-issuer', 'tunnel-broker'],
      extra: { 'keyfile-issuer': { ADIT_REVOCATION_JOURNAL: this.journal } },
      log: () => undefined,
    });
  }

  async stopApps(): Promise<void> {
    await this.cloud?.stop();
    this.cloud = undefined;
  }

  /** Everything but what a backup and the other disk hold. */
  async lose(): Promise<void> {
    await this.stopApps();
    for (const lost of ['issuer', 'secrets', 'broker']) rmSync(join(this.dir, lost), { recursive: true, force: true });
    for (const lost of ['public-keys.json', 'logins.json']) rmSync(join(this.dir, lost), { force: true });
    this.database = await createEmptyDatabase();
    this.used.push(this.database);
  }

  adit(...argv: string[]): Promise<AditRun> {
    return adit(argv, { home: this.dir, databaseUrl: this.database.ownerUrl });
  }

  async newSite(): Promise<string> {
    const [row] = await this.database.query<{ id: string }>(
      `INSERT INTO site (tenant_id, name, label) VALUES ($1, 'Site', $2) RETURNING id`,
      [DEFAULT_TENANT_ID, `site-${randomUUID().slice(0, 13)}`],
    );
    return row?.id ?? '';
  }

  async newKeyfile(siteId: string, replace = false): Promise<IssuedKeyfile> {
    const { keyfile, sealedKeyfile } = await this.messages.request(keyfileIssue, {
      tenantId: DEFAULT_TENANT_ID,
      siteId,
      siteName: 'Site',
      siteLabel: 'site',
      issuedBy: 'operator:test',
      correlationId: randomUUID(),
      replace,
    });
    const own = JSON.parse(readFileSync(join(this.dir, 'secrets', 'admin-api', 'seal.jwk'), 'utf8')) as Jwk;
    const { keyfileId, agentId } = keyfile;
    return { keyfileId, agentId, siteId, text: await unseal(sealedKeyfile, own) };
  }

  async revoke(keyfileId: string): Promise<void> {
    await this.messages.request(keyfileRevoke, {
      tenantId: DEFAULT_TENANT_ID,
      keyfileId,
      revokedBy: 'operator:test',
      reason: 'stolen',
      correlationId: randomUUID(),
    });
  }

  async stop(): Promise<void> {
    await this.messages.onApplicationShutdown();
    await this.stopApps();
    await this.nats.stop();
    for (const database of this.used) await database.drop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
