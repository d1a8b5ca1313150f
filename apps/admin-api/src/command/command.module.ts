import { Module } from '@nestjs/common';
import { CommandController } from './command.controller.js';
import { CommandService } from './command.service.js';
import { DeviceTimes } from './device-times.js';

@Module({ controllers: [CommandController], providers: [CommandService, DeviceTimes], exports: [DeviceTimes] })
export class CommandModule {}
