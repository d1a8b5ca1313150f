import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { RoleHandler } from './role.handler.js';
import { RoleService } from './role.service.js';

@Module({ imports: [ConnectionsModule], controllers: [RoleHandler], providers: [RoleService] })
export class RolesModule {}
