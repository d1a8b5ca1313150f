import { Module } from '@nestjs/common';
import { CommandController } from './command.controller.js';
import { CommandService } from './command.service.js';

@Module({ controllers: [CommandController], providers: [CommandService] })
export class CommandModule {}
