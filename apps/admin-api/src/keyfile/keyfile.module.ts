import { Module } from '@nestjs/common';
import { SiteModule } from '../site/site.module.js';
import { KeyfileController } from './keyfile.controller.js';
import { KeyfileService } from './keyfile.service.js';

@Module({ imports: [SiteModule], controllers: [KeyfileController], providers: [KeyfileService] })
export class KeyfileModule {}
