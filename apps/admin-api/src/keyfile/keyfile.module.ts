import { Module } from '@nestjs/common';
import { SealingModule } from '../sealing/sealing.module.js';
import { SiteModule } from '../site/site.module.js';
import { KeyfileController } from './keyfile.controller.js';
import { KeyfileService } from './keyfile.service.js';

@Module({ imports: [SiteModule, SealingModule], controllers: [KeyfileController], providers: [KeyfileService] })
export class KeyfileModule {}
