import { Module } from '@nestjs/common';
import { SiteModule } from '../site/site.module.js';
import { TunnelControl } from './tunnel-control.service.js';
import { TunnelController } from './tunnel.controller.js';
import { TunnelService } from './tunnel.service.js';

@Module({ imports: [SiteModule], controllers: [TunnelController], providers: [TunnelService, TunnelControl] })
export class TunnelModule {}
