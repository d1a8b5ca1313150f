import { timestampDate } from '@bufbuild/protobuf/wkt';
import { cameraTimeline, directory, DomainError, type TimelineSpan } from '@app/contracts';
import { Database, EntityRepository, type EntityRow } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import { siteRefusal } from '../connections/site-refusal.js';
import { OwnerRelay } from '../relay/owner-relay.js';

type Request = z.output<typeof cameraTimeline.request>;
type Reply = z.input<typeof cameraTimeline.reply>;

const { TimelineSpan_State: State } = directory;
const MAX_SPANS = 10_000;

const STATES: Partial<Record<directory.TimelineSpan_State, TimelineSpan['state']>> = {
  [State.RECORDED]: 'recorded',
  [State.EMPTY]: 'empty',
  [State.RETRIEVING]: 'retrieving',
};

/** Asks a site what it has recorded of a camera. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly relay: OwnerRelay,
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly supervisor: ConnectionSupervisor,
  ) {
    relay.serve(cameraTimeline, async (request) => this.ask(request, await this.camera(request)));
  }

  async find(request: Request): Promise<Reply> {
    const camera = await this.camera(request);
    return this.relay.ask(cameraTimeline, request, camera.replica_id, () => this.ask(request, camera));
  }

  private async camera({ tenantId, cameraId }: Request): Promise<EntityRow> {
    const camera = await this.database.inTenant(tenantId, (tx) => this.entities.find(tx, tenantId, 'camera', cameraId));
    if (camera === undefined) throw new DomainError('camera-not-found', 'there is no such camera');
    return camera;
  }

  private async ask({ from, to }: Request, camera: EntityRow): Promise<Reply> {
    const { session } = this.supervisor.contact(camera.role_id);
    const spans = await session.timeline(camera.remote_id, new Date(from), new Date(to)).catch((error: unknown) => {
      throw siteRefusal(error);
    });
    return { spans: spans.slice(0, MAX_SPANS).flatMap(toSpan) };
  }
}

const toSpan = ({ range, state }: directory.TimelineSpan): TimelineSpan[] => {
  if (range?.start === undefined || range.end === undefined) return [];
  const [from, to] = [timestampDate(range.start), timestampDate(range.end)];
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) return [];
  return [{ from: from.toISOString(), to: to.toISOString(), state: STATES[state] ?? 'unknown' }];
};
