import { cameraSnapshot, cameraTimeline, mediaOpen } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import type { z } from 'zod';
import { MediaService } from './media.service.js';
import { SnapshotService } from './snapshot.service.js';
import { TimelineService } from './timeline.service.js';

@Controller()
export class MediaHandler {
  constructor(
    private readonly media: MediaService,
    private readonly timelines: TimelineService,
    private readonly snapshots: SnapshotService,
  ) {}

  @HandleRequest(mediaOpen)
  open(@Payload() request: z.output<typeof mediaOpen.request>): Promise<z.input<typeof mediaOpen.reply>> {
    return this.media.open(request);
  }

  @HandleRequest(cameraTimeline)
  timeline(@Payload() request: z.output<typeof cameraTimeline.request>): Promise<z.input<typeof cameraTimeline.reply>> {
    return this.timelines.find(request);
  }

  @HandleRequest(cameraSnapshot)
  async snapshot(
    @Payload() request: z.output<typeof cameraSnapshot.request>,
  ): Promise<Observable<z.input<typeof cameraSnapshot.reply>>> {
    return from(await this.snapshots.take(request));
  }
}
