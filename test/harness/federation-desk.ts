import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cameraList,
  mintViewTicket,
  publicKeys,
  roleList,
  roleUpdate,
  seal,
  siteChanged,
  type Camera,
  type FederationRole,
  type RequestContract,
  type StreamUsage,
} from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { createLogger, MessageClient, type CommonEnvironment } from '@app/runtime';
import type { z } from 'zod';
import { waitUntil } from './condition.js';
import type { Platform } from './platform.js';
import type { RegularSite } from './regular-site.js';

type Changes = z.input<typeof roleUpdate.request>['changes'];

export interface TicketOptions {
  site?: string;
  camera?: string;
  usage?: StreamUsage;
  /** Seconds from now; negative for one that is over. */
  expiresIn?: number;
  firstUseIn?: number;
  /** Whether admin-api knows the ticket. */
  recorded?: boolean;
}

const TENANT = DEFAULT_TENANT_ID;

/** What a role needs to know of a directly reached site. */
export type ReachableSite = Pick<RegularSite, 'address' | 'username' | 'tlsPin' | 'password'>;

/** Plays admin-api: speaks its messages and mints its tickets. */
export class FederationDesk implements AsyncDisposable {
  readonly #messages: MessageClient;

  constructor(private readonly platform: Platform) {
    const config = {
      NATS_URL: platform.natsUrl,
      ADIT_NATS_TOKEN_FILE: join(platform.dataDir, 'nats.token'),
    } as CommonEnvironment;
    this.#messages = new MessageClient(config, createLogger('desk', 'silent'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#messages.onApplicationShutdown();
  }

  /** Any request of another app. */
  ask<Req extends z.ZodType, Res extends z.ZodType>(
    contract: RequestContract<Req, Res>,
    request: z.input<Req>,
  ): Promise<z.output<Res>> {
    return this.#messages.request(contract, request);
  }

  /** A site row, as admin-api writes it. @returns its id */
  async createSite(label: string): Promise<string> {
    const [row] = await this.platform.query<{ id: string }>(
      'INSERT INTO site (tenant_id, name, label) VALUES ($1, $2, $3) RETURNING id',
      [TENANT, `Site ${label}`, label],
    );
    if (row === undefined) throw new Error('the site was not written');
    this.#messages.emit(siteChanged, { tenantId: TENANT, siteId: row.id });
    return row.id;
  }

  async role(siteId: string): Promise<FederationRole> {
    let role: FederationRole | undefined;
    await waitUntil('the site has a role', async () => {
      [role] = (await this.#messages.request(roleList, { tenantId: TENANT, siteId })).items;
      return role !== undefined;
    });
    if (role === undefined) throw new Error('no role');
    return role;
  }

  async change(siteId: string, changes: Changes, password?: string): Promise<FederationRole> {
    const { id: roleId } = await this.role(siteId);
    const keys = publicKeys.parse(JSON.parse(readFileSync(join(this.platform.dataDir, 'public-keys.json'), 'utf8')));
    return this.#messages.request(roleUpdate, {
      tenantId: TENANT,
      actor: 'operator:test',
      correlationId: randomUUID(),
      roleId,
      changes,
      ...(password === undefined ? {} : { sealedPassword: await seal(password, keys.seal.federation) }),
    });
  }

  /** Activates the role of a directly reached site. */
  activate(siteId: string, site: ReachableSite, password = site.password): Promise<FederationRole> {
    const { address: directoryAddress, username, tlsPin } = site;
    return this.change(siteId, { directoryAddress, username, tlsPin, enabled: true }, password);
  }

  async untilRole(siteId: string, what: string, holds: (role: FederationRole) => boolean): Promise<FederationRole> {
    let role = await this.role(siteId);
    await waitUntil(`the role is ${what}`, async () => {
      role = await this.role(siteId);
      return holds(role);
    });
    return role;
  }

  async cameras(siteId: string): Promise<Camera[]> {
    return (await this.#messages.request(cameraList, { tenantId: TENANT, siteId })).items;
  }

  async untilOnline(siteId: string, remoteId: string): Promise<Camera> {
    let found: Camera | undefined;
    await waitUntil(`the camera ${remoteId} is online`, async () => {
      found = (await this.cameras(siteId)).find((camera) => camera.remoteId === remoteId && camera.state === 'online');
      return found !== undefined;
    });
    if (found === undefined) throw new Error('no camera');
    return found;
  }

  /** A view ticket and the URL it belongs to. */
  async ticket(options: TicketOptions): Promise<{ url: string; ticketId: string }> {
    const { site = 'hamburg', camera = 'front-door', usage = 'live', recorded = true } = options;
    const now = Math.floor(Date.now() / 1_000);
    const [firstUseBy, expiresAt] = [now + (options.firstUseIn ?? 300), now + (options.expiresIn ?? 3_600)];
    const ticketId = randomUUID();
    const key = JSON.parse(readFileSync(join(this.platform.dataDir, 'secrets/admin-api/ticket.jwk'), 'utf8')) as object;
    const claims = { tenantId: TENANT, site, camera, usage, user: 'operator:test', userLevel: 100, firstUseBy };
    const ticket = await mintViewTicket(claims, key, ticketId, expiresAt);
    if (recorded) {
      await this.platform.query(
        `INSERT INTO view_ticket (id, tenant_id, site_label, camera, usage, issued_to, first_use_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, 'test', to_timestamp($6), to_timestamp($7))`,
        [ticketId, TENANT, site, camera, usage, firstUseBy, expiresAt],
      );
    }
    return {
      ticketId,
      url: `rtsp://127.0.0.1:${this.platform.ports.rtsp}/${site}/${camera}/${usage}?ticket=${ticket}`,
    };
  }

  async revoke(ticketId: string): Promise<void> {
    await this.platform.query('UPDATE view_ticket SET revoked_at = now() WHERE id = $1', [ticketId]);
  }
}
