import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { MediaHandler } from './media.handler.js';
import { MediaService } from './media.service.js';
import { SnapshotService } from './snapshot.service.js';
import { TimelineService } from './timeline.service.js';

@Module({
  imports: [ConnectionsModule],
  controllers: [MediaHandler],
  providers: [MediaService, TimelineService, SnapshotService],
})
export class MediaModule {}
