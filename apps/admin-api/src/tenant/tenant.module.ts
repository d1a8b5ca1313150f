import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { TenantController } from './tenant.controller.js';
import { TenantService } from './tenant.service.js';

@Module({ imports: [SessionModule], controllers: [TenantController], providers: [TenantService] })
export class TenantModule {}
