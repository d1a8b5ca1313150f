import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module.js';
import { AlarmCourier } from './alarm.courier.js';
import { AlarmHandler } from './alarm.handler.js';
import { AlarmService } from './alarm.service.js';

@Module({ imports: [ConnectionsModule], controllers: [AlarmHandler], providers: [AlarmCourier, AlarmService] })
export class AlarmsModule {}
