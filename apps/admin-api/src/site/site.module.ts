import { Module } from '@nestjs/common';
import { SiteDeletionService } from './site-deletion.service.js';
import { SiteController } from './site.controller.js';
import { SiteService } from './site.service.js';

@Module({ controllers: [SiteController], providers: [SiteService, SiteDeletionService], exports: [SiteService] })
export class SiteModule {}
