import { DomainError } from '@app/contracts';
import {
  Database,
  type Page,
  type StreamSourceViewRow,
  type StreamViewRow,
  StreamViewRepository,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { CameraService } from '../camera/camera.service.js';
import { toPageRequest } from '../http/page.dto.js';
import type { CameraStreams, CameraStreamSource, RunningStream, StreamQuery } from './stream.dto.js';

@Injectable()
export class StreamService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(StreamViewRepository) private readonly streams: StreamViewRepository,
    @Inject(CameraService) private readonly cameras: CameraService,
  ) {}

  async list(tenantId: string, query: StreamQuery): Promise<Page<RunningStream>> {
    const request = toPageRequest(query);
    const { siteId, cameraId, user, transport, kind } = query;
    const filter = { siteId, cameraId, user, transport, kind };
    const page = await this.database.inTenant(tenantId, (tx) => this.streams.list(tx, tenantId, request, filter));
    return { ...page, items: page.items.map(toStream) };
  }

  /** @throws DomainError `not-found`: there is none, or it is over */
  async find(tenantId: string, id: string): Promise<RunningStream> {
    const row = await this.database.inTenant(tenantId, (tx) => this.streams.find(tx, tenantId, id));
    if (!row) throw new DomainError('not-found', 'there is no such stream, or it is over');
    return toStream(row);
  }

  /** @throws DomainError `camera-not-found` */
  async quality(tenantId: string, cameraId: string): Promise<CameraStreams> {
    await this.cameras.find(tenantId, cameraId);
    const rows = await this.database.inTenant(tenantId, (tx) => this.streams.sources(tx, tenantId, cameraId));
    return { sources: rows.map(toSource) };
  }
}

/** `figures` are what a redirector wrote, whose shape the DTO names. */
const toStream = ({ watchedBy, startedAt, figuresAt, figures, ...row }: StreamViewRow): RunningStream => ({
  ...row,
  user: watchedBy,
  startedAt: startedAt.toISOString(),
  figuresAt: figuresAt.toISOString(),
  figures: figures as RunningStream['figures'],
});

const toSource = ({ redirectorId, usage, figures, figuresAt }: StreamSourceViewRow): CameraStreamSource => ({
  redirectorId,
  usage,
  ...(figures as Omit<CameraStreamSource, 'redirectorId' | 'usage' | 'figuresAt'>),
  figuresAt: figuresAt.toISOString(),
});
