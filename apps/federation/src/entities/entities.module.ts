import { Module } from '@nestjs/common';
import { CameraHandler } from './camera.handler.js';
import { CameraService } from './camera.service.js';
import { EntityStore } from './entity-store.js';

@Module({ controllers: [CameraHandler], providers: [CameraService, EntityStore], exports: [EntityStore] })
export class EntitiesModule {}
