import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authorityGet,
  authorityRotate,
  type AuthorityView,
  type DialTicketClaims,
  keyfileIssue,
  keyfileRevoke,
  mintDialTicket,
  type RotationAction,
  type TicketMinterName,
  unseal,
} from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { Client } from 'pg';
import { createLogger, MessageClient, type CommonEnvironment } from '@app/runtime';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { cloudEnvironment } from '../../tools/launcher/cloud-environment.mjs';
import { freePorts } from '../../tools/launcher/port.mjs';
import { Platform, type PlatformLayout } from './platform.js';

type Jwk = Parameters<typeof unseal>[1];

export interface TestSite {
  siteId: string;
  label: string;
}

export interface Keyfile {
  keyfileId: string;
  agentId: string;
  text: string;
}

export interface SessionRow {
  id: string;
  broker_id: string;
  closed_at: Date | null;
  close_reason: string | null;
  rtt_ms: number | null;
  remote_address: string;
  certificate_serial: string;
}

export interface SecondBroker {
  tunnelPort: number;
  ingressPort: number;
  /** SIGTERM; resolves when the process has ended. @param limitMs when it is killed */
  stop: (limitMs?: number) => Promise<void>;
}

type Query = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

/** Issuer and broker as processes; the test speaks for admin-api (keyfiles) and for the apps that mint dial tickets. */
export class TunnelCloud {
  private readonly more: AppProcess[] = [];

  private constructor(
    readonly platform: Platform,
    private readonly messages: MessageClient,
    /** As the database's owner. */
    readonly query: Query,
  ) {}

  static async start(layout: Pick<PlatformLayout, 'ownPostgres' | 'extra'> = {}): Promise<TunnelCloud> {
    const platform = await Platform.start({ ...layout, apps: ['keyfile-issuer', 'tunnel-broker'] });
    const environment = {
      NATS_URL: platform.natsUrl,
      ADIT_NATS_TOKEN_FILE: join(platform.dataDir, 'nats.token'),
    } as CommonEnvironment;
    const messages = new MessageClient(environment, createLogger('admin-api', 'silent'));
    const query = layout.ownPostgres ? queryOf(ownPostgresUrl(platform.dataDir)) : platform.database.query;
    return new TunnelCloud(platform, messages, query);
  }

  get tunnelPort(): number {
    return this.platform.ports.tunnel;
  }

  get ingressPort(): number {
    return this.platform.ports.ingress;
  }

  async stop(): Promise<void> {
    await this.messages.onApplicationShutdown();
    for (const broker of this.more) await broker.stop();
    await this.platform.stop();
  }

  async newSite(): Promise<TestSite> {
    const label = `site-${randomUUID().slice(0, 8)}`;
    const [row] = await this.query<{ id: string }>(
      `WITH tenant AS (SELECT set_config('adit.tenant', $1, false))
       INSERT INTO site (tenant_id, name, label) SELECT $1::uuid, 'Site', $2 FROM tenant RETURNING id`,
      [DEFAULT_TENANT_ID, label],
    );
    return { siteId: row?.id ?? '', label };
  }

  async newKeyfile({ siteId, label }: TestSite): Promise<Keyfile> {
    const { keyfile, sealedKeyfile } = await this.messages.request(keyfileIssue, {
      tenantId: DEFAULT_TENANT_ID,
      siteId,
      siteName: 'Site',
      siteLabel: label,
      issuedBy: 'operator:test',
      correlationId: randomUUID(),
    });
    const { keyfileId, agentId } = keyfile;
    return { keyfileId, agentId, text: await unseal(sealedKeyfile, this.secret('admin-api', 'seal.jwk')) };
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

  authority(): Promise<AuthorityView> {
    return this.messages.request(authorityGet, {});
  }

  /** One step of a rotation of the CAs. @throws DomainError */
  rotate(action: RotationAction): Promise<AuthorityView> {
    return this.messages.request(authorityRotate, { action, actor: 'operator:test', correlationId: randomUUID() });
  }

  async ticket(
    site: string,
    service: string,
    change: { issuer?: TicketMinterName; brokerId?: string } & Partial<DialTicketClaims> = {},
  ): Promise<string> {
    const { issuer = 'admin-api', brokerId = await this.brokerId(), ...claims } = change;
    const minter = { issuer, key: this.secret(issuer, 'ticket.jwk') };
    const all = { tenantId: DEFAULT_TENANT_ID, site, service, class: 'control' as const, user: 'anna', ...claims };
    return mintDialTicket(all, minter, brokerId);
  }

  /** The process that serves at this ingress port now. */
  async brokerId(ingressPort = this.ingressPort): Promise<string> {
    const [row] = await this.query<{ id: string }>(
      `SELECT id FROM broker WHERE ingress = $1 AND state = 'serving' ORDER BY started_at DESC LIMIT 1`,
      [`127.0.0.1:${ingressPort}`],
    );
    return row?.id ?? '';
  }

  /** Oldest first. */
  sessions({ siteId }: TestSite): Promise<SessionRow[]> {
    return this.query<SessionRow>(`SELECT * FROM tunnel_session WHERE site_id = $1 ORDER BY epoch`, [siteId]);
  }

  async keyfileState(keyfileId: string): Promise<string> {
    const [row] = await this.query<{ state: string }>('SELECT state FROM enrol_token WHERE id = $1', [keyfileId]);
    return row?.state ?? '';
  }

  /** Actions in the audit of the tenant, oldest first, about one subject. */
  async audited(subject: string): Promise<string[]> {
    const rows = await this.query<{ action: string }>(
      `SELECT body::jsonb ->> 'action' AS action FROM audit_event WHERE body::jsonb ->> 'subject' = $1 ORDER BY seq`,
      [subject],
    );
    return rows.map(({ action }) => action);
  }

  /** PEM roots, as the broker keeps them. */
  roots(): string[] {
    const kept = readFileSync(join(this.platform.dataDir, 'broker', 'identity.json'), 'utf8');
    return (JSON.parse(kept) as { roots: string[] }).roots;
  }

  /** A second broker of the same cloud. */
  async secondBroker(extra: Record<string, string> = {}): Promise<SecondBroker> {
    const { dataDir, natsUrl } = this.platform;
    const [tunnel = 0, ingress = 0] = await freePorts(2);
    const env = cloudEnvironment('tunnel-broker', {
      dataDir: join(dataDir, 'second'),
      natsUrl,
      natsTokenFile: join(dataDir, 'nats.token'),
      logins: JSON.parse(readFileSync(join(dataDir, 'logins.json'), 'utf8')) as Record<string, string>,
      secretsDir: (app) => join(dataDir, 'secrets', app),
      publicKeysFile: join(dataDir, 'public-keys.json'),
      firstPasswordFile: '',
      demo: false,
      ports: { http: 1, play: 0, rtsp: 1, tunnel, ingress, health: {} },
      extra: { 'tunnel-broker': extra },
    });
    const note = (_name: string, line: string): void => this.platform.note('second-broker', line);
    const broker = new AppProcess({ name: 'second-broker', entry: entryOf('tunnel-broker'), env, log: note });
    this.more.push(broker);
    await broker.start(20_000);
    return { tunnelPort: tunnel, ingressPort: ingress, stop: (limitMs) => broker.stop(limitMs) };
  }

  private secret(app: string, file: string): Jwk & { kty: string } {
    return JSON.parse(readFileSync(join(this.platform.dataDir, 'secrets', app, file), 'utf8')) as Jwk & { kty: string };
  }
}

const ownPostgresUrl = (dataDir: string): string => {
  const [password, port] = ['owner.password', 'port'].map((file) =>
    readFileSync(join(dataDir, 'postgres', file), 'utf8').trim(),
  );
  return `postgres://adit_owner:${encodeURIComponent(password ?? '')}@127.0.0.1:${port}/adit`;
};

const queryOf =
  (connectionString: string): Query =>
  async <Row extends object>(text: string, values: unknown[] = []) => {
    const client = new Client({ connectionString });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
