import { Module } from '@nestjs/common';
import { CameraModule } from '../camera/camera.module.js';
import { SiteModule } from '../site/site.module.js';
import { StreamControl } from './stream-control.service.js';
import { StreamController } from './stream.controller.js';
import { StreamService } from './stream.service.js';

@Module({
  imports: [SiteModule, CameraModule],
  controllers: [StreamController],
  providers: [StreamService, StreamControl],
})
export class StreamModule {}
