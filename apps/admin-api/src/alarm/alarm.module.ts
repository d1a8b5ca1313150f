import { Module } from '@nestjs/common';
import { AlarmController } from './alarm.controller.js';
import { AlarmService } from './alarm.service.js';

@Module({ controllers: [AlarmController], providers: [AlarmService] })
export class AlarmModule {}
