import { Module } from '@nestjs/common';
import { BrokerController } from './broker.controller.js';
import { BrokerService } from './broker.service.js';

@Module({ controllers: [BrokerController], providers: [BrokerService] })
export class BrokerModule {}
