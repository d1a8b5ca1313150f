import { timestampDate } from '@bufbuild/protobuf/wkt';
import { cameraSnapshot, type directory, DomainError } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import { Database, EntityRepository, type EntityRow } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import { siteRefusal } from '../connections/site-refusal.js';
import { OwnerRelay } from '../relay/owner-relay.js';

type Request = z.output<typeof cameraSnapshot.request>;
type Part = z.input<typeof cameraSnapshot.reply>;

const MAX_BYTES = 8 << 20;
/** Bytes of one reply: with base64 around them half of what the transport takes. */
const PART_BYTES = 384 << 10;
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
/** A picture this young, or a failure, goes to all who ask: it crosses the tunnel once. */
const FRESH_MS = 1_000;

/** Asks a site for a still picture of a camera. */
@Injectable()
export class SnapshotService {
  private readonly recent = new Map<string, Promise<Part[]>>();

  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
    private readonly supervisor: ConnectionSupervisor,
    private readonly relay: OwnerRelay,
  ) {
    relay.serveAll(cameraSnapshot, async (request) => this.takeHere(await this.camera(request)));
  }

  async take(request: Request): Promise<Part[]> {
    const camera = await this.camera(request);
    return this.relay.askAll(cameraSnapshot, request, camera.replica_id, () => this.takeHere(camera));
  }

  private async camera({ tenantId, cameraId }: Request): Promise<EntityRow> {
    const camera = await this.database.inTenant(tenantId, (tx) => this.entities.find(tx, tenantId, 'camera', cameraId));
    if (camera === undefined) throw new DomainError('camera-not-found', 'there is no such camera');
    return camera;
  }

  private takeHere(camera: EntityRow): Promise<Part[]> {
    const known = this.recent.get(camera.id);
    if (known) return known;
    const taking = this.ask(camera);
    this.recent.set(camera.id, taking);
    const forget = (): void => void setTimeout(() => this.recent.delete(camera.id), FRESH_MS).unref();
    taking.then(forget, forget);
    return taking;
  }

  private async ask({ role_id, remote_id }: EntityRow): Promise<Part[]> {
    const { session } = this.supervisor.contact(role_id);
    const answer = await session.snapshot(remote_id).catch((error: unknown) => {
      throw snapshotRefusal(error);
    });
    return partsOf(answer);
  }
}

/** What a site calls a picture is not believed: it is shown to browsers under our name. */
const partsOf = ({ image, takenAt }: directory.GetSnapshotResponse): Part[] => {
  const data = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const taken = takenAt === undefined ? new Date() : timestampDate(takenAt);
  if (data.length > MAX_BYTES || !data.subarray(0, JPEG.length).equals(JPEG) || Number.isNaN(taken.getTime())) {
    throw new DomainError('snapshot-unavailable', 'camera-refused: the site answered with what is no JPEG');
  }
  const count = Math.ceil(data.length / PART_BYTES);
  return Array.from({ length: count }, (_, index) => ({
    takenAt: taken.toISOString(),
    of: count,
    part: data.toString('base64', index * PART_BYTES, Math.min(data.length, (index + 1) * PART_BYTES)),
  }));
};

const TOO_OLD = 'the agent of the site is too old to give still pictures';

const snapshotRefusal = (error: unknown): DomainError => {
  const { code, rawMessage } = ConnectError.from(error);
  const detail = rawMessage.slice(0, 200);
  if (code === Code.Unimplemented) return new DomainError('snapshot-unsupported', TOO_OLD, { cause: error });
  if (code === Code.FailedPrecondition) return new DomainError('snapshot-unsupported', detail, { cause: error });
  if (code !== Code.Aborted) return siteRefusal(error);
  const isAccount = detail.startsWith('camera-unauthorized:');
  return new DomainError(isAccount ? 'camera-unauthorized' : 'snapshot-unavailable', detail, { cause: error });
};
