import { ResourceTag } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Requires } from '../access/requires.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { SitePageQuery } from '../http/site-page.dto.js';
import { Tagged } from '../http/tagged.decorator.js';
import { RateLimit } from '../rate-limit/rate-limit.js';
import { Camera, RecordedSpan, RecordingsQuery, SNAPSHOT_ANSWER, Timeline, TimelineQuery } from './camera.dto.js';
import { CameraService } from './camera.service.js';

const cameraTag = new ResourceTag<Camera>(['state', 'stateReason', 'updatedAt']);

/** Of one caller: a wall of 20 cameras that is renewed every second. */
const SNAPSHOTS_PER_WINDOW = 200;

const TIMELINE_FAILURES = [
  'invalid-request',
  'camera-not-found',
  'recording-not-found',
  'recording-unavailable',
  'role-not-connected',
  'site-offline',
  'site-unreachable',
  'directory-refused',
  'site-right-missing',
  'not-implemented',
] as const;

@ApiTags('cameras')
@Controller('cameras')
export class CameraController {
  private readonly snapshotLimit = new RateLimit('snapshots', SNAPSHOTS_PER_WINDOW);

  constructor(@Inject(CameraService) private readonly cameras: CameraService) {}

  @Get()
  @Requires('cameras:read')
  @Fails()
  @ApiOperation({ summary: 'Cameras of all federated sites, or of one' })
  @ApiPage(Camera)
  list(@CallerOf() caller: Caller, @Query() query: SitePageQuery): Promise<Page<Camera>> {
    return this.cameras.list(caller.tenantId, query);
  }

  @Get(':id')
  @Requires('cameras:read')
  @Tagged(cameraTag)
  @Fails('camera-not-found')
  @ApiOperation({ summary: 'One camera' })
  @ApiOkResponse({ type: Camera })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<Camera> {
    return this.cameras.find(caller.tenantId, id);
  }

  @Get(':id/snapshot')
  @Requires('video:watch')
  @Fails(
    'camera-not-found',
    'snapshot-unsupported',
    'snapshot-unavailable',
    'camera-unauthorized',
    'role-not-connected',
    'site-offline',
    'site-unreachable',
    'directory-refused',
    'site-right-missing',
  )
  @ApiOperation({ summary: 'A still picture of a camera, as it gives it; a second old at most' })
  @ApiProduces(SNAPSHOT_ANSWER.type)
  @ApiOkResponse(SNAPSHOT_ANSWER.response)
  async snapshot(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StreamableFile> {
    await this.snapshotLimit.take(`${caller.tenantId} ${caller.actor}`, response);
    const { image, takenAt } = await this.cameras.snapshot(caller.tenantId, id);
    response.setHeader('Taken-At', takenAt);
    return new StreamableFile(image, { type: SNAPSHOT_ANSWER.type, length: image.length });
  }

  @Get(':id/timeline')
  @Requires('cameras:read')
  @Fails(...TIMELINE_FAILURES)
  @ApiOperation({ summary: 'What its site has recorded of a camera' })
  @ApiOkResponse({ type: Timeline })
  timeline(@CallerOf() caller: Caller, @IdOf('id') id: string, @Query() query: TimelineQuery): Promise<Timeline> {
    return this.cameras.timeline(caller.tenantId, id, query);
  }

  @Get(':id/recordings')
  @Requires('cameras:read')
  @Fails(...TIMELINE_FAILURES)
  @ApiOperation({ summary: 'When something is, or may be, recorded of a camera: its timeline without what is empty' })
  @ApiPage(RecordedSpan)
  recordings(
    @CallerOf() caller: Caller,
    @IdOf('id') id: string,
    @Query() query: RecordingsQuery,
  ): Promise<Page<RecordedSpan>> {
    return this.cameras.recordings(caller.tenantId, id, query);
  }
}
