import { ResourceTag } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { SitePageQuery } from '../http/site-page.dto.js';
import { Tagged } from '../http/tagged.decorator.js';
import { Camera, Timeline, TimelineQuery } from './camera.dto.js';
import { CameraService } from './camera.service.js';

const cameraTag = new ResourceTag<Camera>(['state', 'stateReason', 'updatedAt']);

@ApiTags('cameras')
@Controller('cameras')
export class CameraController {
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

  @Get(':id/timeline')
  @Requires('cameras:read')
  @Fails(
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
  )
  @ApiOperation({ summary: 'What its site has recorded of a camera' })
  @ApiOkResponse({ type: Timeline })
  timeline(@CallerOf() caller: Caller, @IdOf('id') id: string, @Query() query: TimelineQuery): Promise<Timeline> {
    return this.cameras.timeline(caller.tenantId, id, query);
  }
}
