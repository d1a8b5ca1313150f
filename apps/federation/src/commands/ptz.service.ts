import { timestampDate } from '@bufbuild/protobuf/wkt';
import { cameraPtz, type directory, DomainError, type PtzStatus } from '@app/contracts';
import { Database, EntityRepository, type EntityRow } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import { OwnerRelay } from '../relay/owner-relay.js';
import { executeFault } from './command-refusal.js';

type Request = z.output<typeof cameraPtz.request>;

const MAX_PRESETS = 256;
const LONGEST = 200;

/** Asks a site who steers a camera, and where it can be sent. */
@Injectable()
export class PtzService {
  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly supervisor: ConnectionSupervisor,
    private readonly relay: OwnerRelay,
  ) {
    relay.serve(cameraPtz, async (request) => this.ask(await this.camera(request)));
  }

  /** @throws DomainError `camera-not-found`, `command-unsupported`, `command-timeout`, `site-offline`, … */
  async status(request: Request): Promise<PtzStatus> {
    const camera = await this.camera(request);
    return this.relay.ask(cameraPtz, request, camera.replica_id, () => this.ask(camera));
  }

  private async camera({ tenantId, cameraId }: Request): Promise<EntityRow> {
    const camera = await this.database.inTenant(tenantId, (tx) => this.entities.find(tx, tenantId, 'camera', cameraId));
    if (camera === undefined) throw new DomainError('camera-not-found', 'there is no such camera');
    return camera;
  }

  private async ask(camera: EntityRow): Promise<PtzStatus> {
    const { session } = this.supervisor.contact(camera.role_id);
    const { presets, hold, lock } = await session.ptz(camera.remote_id).catch((error: unknown) => {
      const fault = executeFault(error);
      throw fault.code === 'not-found' ? new DomainError('camera-not-found', fault.detail) : fault;
    });
    return {
      presets: presets.slice(0, MAX_PRESETS).map(({ preset, name }) => ({ preset: clean(preset), name: clean(name) })),
      hold: holdOf(hold),
      lock: holdOf(lock),
    };
  }
}

const holdOf = (hold: directory.PtzHold | undefined): PtzStatus['hold'] => {
  const until = hold?.until === undefined ? undefined : timestampDate(hold.until);
  if (hold === undefined || until === undefined || Number.isNaN(until.getTime())) return null;
  return { user: clean(hold.user), level: hold.userLevel, until: until.toISOString() };
};

const clean = (text: string): string => text.replace(/\p{Cc}/gu, '').slice(0, LONGEST);
