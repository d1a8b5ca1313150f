import { durationMs } from '@bufbuild/protobuf/wkt';
import { type directory, DomainError, entityExecute, type ErrorCode } from '@app/contracts';
import { Database, EntityRepository, type EntityRow } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import type { Contact } from '../connections/directory-session.js';
import { OwnerRelay } from '../relay/owner-relay.js';
import { CommandAudit, type ExecuteRequest } from './command.audit.js';
import { CommandMetrics } from './command.metrics.js';
import { toCall } from './command-call.js';
import { commandTimeout, executeFault, isDropped, refusalOf } from './command-refusal.js';

type Reply = z.input<typeof entityExecute.reply>;

const NOT_FOUND: Record<ExecuteRequest['entityKind'], ErrorCode> = {
  camera: 'camera-not-found',
  output: 'output-not-found',
};
const CLOCK_CHECK_MS = 5_000;

/** Has sites carry out commands, in time or not at all. */
@Injectable()
export class CommandService {
  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly supervisor: ConnectionSupervisor,
    private readonly audit: CommandAudit,
    private readonly metrics: CommandMetrics,
    private readonly relay: OwnerRelay,
  ) {
    relay.serve(entityExecute, async (request) => this.executeHere(request, await this.find(request)));
  }

  /** @throws DomainError `ptz-held`, `command-refused`, `command-unsupported`, `command-failed`, `command-timeout`, `site-offline`, … */
  async execute(request: ExecuteRequest): Promise<Reply> {
    const entity = await this.find(request);
    return this.relay.ask(entityExecute, request, entity.replica_id, () => this.executeHere(request, entity));
  }

  private async executeHere(request: ExecuteRequest, entity: EntityRow): Promise<Reply> {
    try {
      const times = await this.send(request, entity);
      this.metrics.done({ site: times.siteMs, device: times.deviceMs });
      return times;
    } catch (error) {
      this.metrics.ended(error);
      if (error instanceof DomainError) await this.audit.ended(request, error);
      throw error;
    }
  }

  private async send(request: ExecuteRequest, entity: EntityRow): Promise<Reply> {
    const { session } = this.supervisor.contact(entity.role_id);
    await this.audit.sent(request, entity);
    const expiresAtMs = Date.parse(request.expiresAt);
    if (Date.now() >= expiresAtMs) throw commandTimeout('federation', 'its time was over before the site was asked');
    const { actor: user, level: userLevel, command } = request;
    const call = { entityId: entity.remote_id, user, userLevel, command: toCall(command) };
    const sentAt = performance.now();
    const answer = await session.execute(call, expiresAtMs).catch((error: unknown) => {
      if (isDropped(error)) this.readClock(session);
      const fault = executeFault(error);
      throw fault.code === 'not-found' ? notFound(request) : fault;
    });
    const refusal = refusalOf(answer);
    if (refusal !== undefined) throw refusal;
    return timesOf(performance.now() - sentAt, answer);
  }

  private async find({ tenantId, entityId, entityKind }: ExecuteRequest): Promise<EntityRow> {
    const entity = await this.database.inTenant(tenantId, (tx) =>
      this.entities.find(tx, tenantId, entityKind, entityId),
    );
    if (entity === undefined) throw notFound({ entityKind });
    return entity;
  }

  /** The site's clock may have been set: the next command should not have to wait for the regular look at it. */
  private readClock(session: Contact): void {
    void session.check(AbortSignal.timeout(CLOCK_CHECK_MS)).catch(() => undefined);
  }
}

const notFound = ({ entityKind }: Pick<ExecuteRequest, 'entityKind'>): DomainError =>
  new DomainError(NOT_FOUND[entityKind], `there is no such ${entityKind}`);

const timesOf = (tookMs: number, { deviceTime }: directory.ExecuteResponse): Reply => {
  // What a site says is data of a stranger: a device cannot have taken longer than the whole.
  const deviceMs = deviceTime === undefined ? null : Math.min(Math.max(0, durationMs(deviceTime)), tookMs);
  return {
    siteMs: Math.round(tookMs - (deviceMs ?? 0)),
    deviceMs: deviceMs === null ? null : Math.round(deviceMs),
  };
};
