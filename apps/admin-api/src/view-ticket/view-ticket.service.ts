import { type Camera, DomainError, MAX_EXPORT_MS, type StreamUsage } from '@app/contracts';
import { Database, type Page, ViewTicketRepository, type ViewTicketRow } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { RefusedRequests } from '../access/refused-requests.js';
import { highestLevelOf } from '../access/user-level.js';
import { CameraService } from '../camera/camera.service.js';
import type { AdminConfig } from '../config.js';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { TicketKey } from '../secrets/ticket-key.js';
import type { IssuedExport, IssuedViewTicket, NewExport, NewViewTicket, ViewTicket } from './view-ticket.dto.js';

const FIRST_USE_SECONDS = 300;
const LIFETIME_SECONDS = 12 * 3_600;
const DEMO_LIFETIME_SECONDS = 24 * 3_600;

interface TicketLife {
  firstUseSeconds: number;
  lifetimeSeconds: number;
}

interface WantedTicket extends TicketLife {
  usage: StreamUsage;
  level: number;
  /** What of the recordings is to be taken home. */
  export?: { from: string; to: string };
}

@Injectable()
export class ViewTicketService {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(ViewTicketRepository) private readonly tickets: ViewTicketRepository,
    @Inject(CameraService) private readonly cameras: CameraService,
    @Inject(TicketKey) private readonly key: TicketKey,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  /** @throws DomainError `camera-not-found`; `invalid-request` for a life beyond the limit; `forbidden` for a level above the caller's */
  async issue(caller: Caller, cameraId: string, asked: NewViewTicket): Promise<IssuedViewTicket> {
    const { usage } = asked;
    const life = this.lifeOf(asked.validForSeconds);
    const level = await this.levelOf(caller, cameraId, asked.level);
    const camera = await this.cameras.find(caller.tenantId, cameraId);
    const { jws, ...issued } = await this.ticketFor(caller, camera, { usage, level, ...life });
    const { siteLabel, path } = camera;
    return {
      ...issued,
      url: this.urlOf([siteLabel, path, usage], jws),
      playUrl: this.playUrlOf([siteLabel, path], jws),
      usage,
      level,
    };
  }

  /** @throws DomainError `camera-not-found`; `invalid-request` for a range that cannot be; `not-implemented` without an address of the redirector */
  async export(caller: Caller, cameraId: string, { from, to }: NewExport): Promise<IssuedExport> {
    const range = rangeOf(from, to);
    const page = this.config.ADIT_PLAY_PUBLIC;
    if (!page) throw new DomainError('not-implemented', 'no address for downloads is set up: ADIT_PLAY_PUBLIC');
    const camera = await this.cameras.find(caller.tenantId, cameraId);
    const level = highestLevelOf(caller.permissions);
    const wanted = { usage: 'recording' as const, level, ...this.lifeOf(undefined), export: range };
    const { jws, ...issued } = await this.ticketFor(caller, camera, wanted);
    const path = [camera.siteLabel, camera.path].map(encodeURIComponent).join('/');
    const query = new URLSearchParams({ ...range, ticket: jws });
    return { ...issued, ...range, url: `${page.origin}/export/${path}?${query.toString()}` };
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<ViewTicket>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.tickets.list(tx, tenantId, request));
    return { ...page, items: page.items.map(toTicket) };
  }

  /** A second call changes nothing. @throws DomainError `not-found` */
  async revoke({ tenantId, actor }: Caller, id: string): Promise<ViewTicket> {
    return this.database.inTenant(tenantId, async (tx) => {
      if (await this.tickets.revoke(tx, tenantId, id)) {
        await tx.audit(tenantId, { actor, action: 'view-ticket.revoked', subject: id });
      }
      const row = await this.tickets.find(tx, tenantId, id);
      if (!row) throw new DomainError('not-found', 'there is no such view ticket');
      return toTicket(row);
    });
  }

  private async ticketFor(
    { tenantId, actor }: Caller,
    { id: cameraId, siteLabel, path }: Pick<Camera, 'id' | 'siteLabel' | 'path'>,
    { usage, level, export: range, ...life }: WantedTicket,
  ): Promise<{ ticketId: string; jws: string; firstUseBy: string; expiresAt: string }> {
    const id = randomUUID();
    const { firstUseBy, expiresAt } = await this.database.inTenant(tenantId, async (tx) => {
      const ticket = { id, siteLabel, camera: path, usage, level, issuedTo: actor, ...life };
      const times = await this.tickets.insert(tx, tenantId, ticket);
      const expires = times.expiresAt.toISOString();
      const details = { cameraId, usage, level, expiresAt: expires, ...(range && { export: range }) };
      await tx.audit(tenantId, { actor, action: 'view-ticket.issued', subject: id, details });
      return times;
    });
    const claims = { tenantId, site: siteLabel, camera: path, usage, user: actor, userLevel: level };
    const jws = await this.key.mint({ ...claims, firstUseBy: seconds(firstUseBy) }, id, seconds(expiresAt));
    return { ticketId: id, jws, firstUseBy: firstUseBy.toISOString(), expiresAt: expiresAt.toISOString() };
  }

  /** A viewer at a limit drives out those of lower levels: nobody lets others do what he could not. */
  private async levelOf(caller: Caller, cameraId: string, asked: number | undefined): Promise<number> {
    const highest = highestLevelOf(caller.permissions);
    if (asked === undefined || asked >= highest) return asked ?? highest;
    const details = { level: asked, highest };
    await this.refusals.note(caller, { action: 'view-ticket.refused', subject: cameraId, details });
    throw new DomainError('forbidden', `your own level is ${highest}, and you give no higher one (a smaller number)`);
  }

  private lifeOf(asked: number | undefined): TicketLife {
    const demo = this.config.ADIT_DEMO;
    const longest = demo ? DEMO_LIFETIME_SECONDS : LIFETIME_SECONDS;
    if (asked !== undefined && asked > longest) {
      throw new DomainError('invalid-request', `a view ticket lives ${longest} s at most`, {
        fields: [{ pointer: '/validForSeconds', detail: `at most ${longest}` }],
      });
    }
    const lifetimeSeconds = asked ?? LIFETIME_SECONDS;
    const firstUse = demo && asked !== undefined ? asked : FIRST_USE_SECONDS;
    return { lifetimeSeconds, firstUseSeconds: Math.min(firstUse, lifetimeSeconds) };
  }

  private playUrlOf(parts: readonly string[], jws: string): string | null {
    const page = this.config.ADIT_PLAY_PUBLIC;
    if (!page) return null;
    const path = parts.map(encodeURIComponent).join('/');
    return `${page.origin}/play/${path}?ticket=${jws}`;
  }

  private urlOf(parts: readonly string[], jws: string): string {
    const path = parts.map(encodeURIComponent).join('/');
    return `rtsp://${this.config.ADIT_RTSP_PUBLIC}/${path}?ticket=${jws}`;
  }
}

const rangeOf = (from: string, to: string): { from: string; to: string } => {
  const [first, last] = [new Date(from), new Date(to)];
  const lengthMs = last.getTime() - first.getTime();
  if (lengthMs > 0 && lengthMs <= MAX_EXPORT_MS) return { from: first.toISOString(), to: last.toISOString() };
  const fields = [{ pointer: '/to', detail: 'must be after from, by 24 hours at most' }];
  throw new DomainError('invalid-request', 'the range must run forwards and over a day at most', { fields });
};

const seconds = (time: Date): number => Math.floor(time.getTime() / 1_000);

const toTicket = ({ id, ...row }: ViewTicketRow): ViewTicket => ({
  ...row,
  ticketId: id,
  issuedAt: row.issuedAt.toISOString(),
  firstUseBy: row.firstUseBy.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  revokedAt: row.revokedAt?.toISOString() ?? null,
  firstUsedAt: row.firstUsedAt?.toISOString() ?? null,
});
