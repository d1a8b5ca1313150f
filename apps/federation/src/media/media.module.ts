import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { MediaHandler } from './media.handler.js';
import { MediaService } from './media.service.js';

@Module({ imports: [ConnectionsModule], controllers: [MediaHandler], providers: [MediaService] })
export class MediaModule {}
