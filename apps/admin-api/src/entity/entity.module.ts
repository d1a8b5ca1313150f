import { Module } from '@nestjs/common';
import { EntityController } from './entity.controller.js';
import { EntityService } from './entity.service.js';
import { EntityTreeController } from './entity-tree.controller.js';
import { EntityTreeService } from './entity-tree.service.js';

@Module({ controllers: [EntityController, EntityTreeController], providers: [EntityService, EntityTreeService] })
export class EntityModule {}
