import { DomainError, type Camera, type cameraList } from '@app/contracts';
import { Database, EntityRepository, type EntityRow } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { readCursor } from '../database/page-cursor.js';
import { cameraDetails } from './entity-record.js';

type ListRequest = z.output<typeof cameraList.request>;
type ListReply = z.input<typeof cameraList.reply>;

@Injectable()
export class CameraService {
  constructor(
    private readonly database: Database,
    private readonly entities: EntityRepository,
  ) {}

  async list({ tenantId, siteId, limit, ...request }: ListRequest): Promise<ListReply> {
    const cursor = readCursor(request.cursor);
    const rows = await this.database.inTenant(tenantId, (tx) =>
      this.entities.page(tx, tenantId, { kind: 'camera', siteId, cursor, limit: limit + 1 }),
    );
    const shown = rows.slice(0, limit);
    return { items: shown.map(toCamera), nextCursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
  }

  async get(tenantId: string, cameraId: string): Promise<Camera> {
    const row = await this.database.inTenant(tenantId, (tx) => this.entities.find(tx, tenantId, 'camera', cameraId));
    if (row === undefined) throw new DomainError('camera-not-found', 'there is no such camera');
    return toCamera(row);
  }
}

const toCamera = (row: EntityRow): Camera => ({
  id: row.id,
  siteId: row.site_id,
  siteLabel: row.site_label,
  roleId: row.role_id,
  remoteId: row.remote_id,
  name: row.name,
  path: row.path,
  state: row.state,
  stateReason: row.state_reason,
  ...cameraDetails.parse(row.details),
  updatedAt: row.updated_at.toISOString(),
});
