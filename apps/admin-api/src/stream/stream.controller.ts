import { ResourceTag } from '@app/contracts';
import type { Page } from '@app/persistence';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../access/requires.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { Fails } from '../http/fails.decorator.js';
import { IdOf } from '../http/id.pipe.js';
import { ApiPage } from '../http/page-response.decorator.js';
import type { Caller } from '../http/request.js';
import { Tagged } from '../http/tagged.decorator.js';
import { StreamControl } from './stream-control.service.js';
import { CameraStreams, EndedStreams, RunningStream, StreamQuery, StreamsToEnd } from './stream.dto.js';
import { StreamService } from './stream.service.js';

const streamTag = new ResourceTag<RunningStream>(['figures', 'figuresAt']);

@ApiTags('streams')
@Controller()
export class StreamController {
  constructor(
    @Inject(StreamService) private readonly streams: StreamService,
    @Inject(StreamControl) private readonly control: StreamControl,
  ) {}

  @Get('streams')
  @Requires('streams:read')
  @Fails()
  @ApiOperation({ summary: 'Who watches what since when, newest first' })
  @ApiPage(RunningStream)
  list(@CallerOf() caller: Caller, @Query() query: StreamQuery): Promise<Page<RunningStream>> {
    return this.streams.list(caller.tenantId, query);
  }

  @Get('streams/:id')
  @Requires('streams:read')
  @Tagged(streamTag)
  @Fails()
  @ApiOperation({ summary: 'One running stream' })
  @ApiOkResponse({ type: RunningStream })
  find(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<RunningStream> {
    return this.streams.find(caller.tenantId, id);
  }

  @Post('streams/:id/end')
  @Requires('streams:control')
  @Fails()
  @HttpCode(200)
  @ApiOperation({ summary: 'End a running stream; its viewer is told why' })
  @ApiOkResponse({ type: EndedStreams })
  end(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<EndedStreams> {
    return this.control.end(caller, id);
  }

  @Post('streams/end')
  @Requires('streams:control')
  @Fails('not-found', 'camera-not-found')
  @HttpCode(200)
  @ApiOperation({ summary: 'End all running streams of a site, a camera or a user' })
  @ApiOkResponse({ type: EndedStreams })
  endAll(@CallerOf() caller: Caller, @Body() body: StreamsToEnd): Promise<EndedStreams> {
    return this.control.endAll(caller, body);
  }

  @Get('cameras/:id/stream-quality')
  @Requires('streams:read')
  @Fails('camera-not-found')
  @ApiOperation({ summary: 'How a camera’s streams arrive, and how it is to watch them' })
  @ApiOkResponse({ type: CameraStreams })
  quality(@CallerOf() caller: Caller, @IdOf('id') id: string): Promise<CameraStreams> {
    return this.streams.quality(caller.tenantId, id);
  }
}
