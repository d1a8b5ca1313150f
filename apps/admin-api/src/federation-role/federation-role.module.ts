import { Module } from '@nestjs/common';
import { SiteModule } from '../site/site.module.js';
import { FederationRoleController } from './federation-role.controller.js';
import { FederationRoleService } from './federation-role.service.js';

@Module({ imports: [SiteModule], controllers: [FederationRoleController], providers: [FederationRoleService] })
export class FederationRoleModule {}
