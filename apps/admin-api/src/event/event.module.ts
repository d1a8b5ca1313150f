import { Module } from '@nestjs/common';
import { StandingCaller } from '../session/standing-caller.js';
import { EventFeed } from './event-feed.js';
import { EventStreamService } from './event-stream.service.js';
import { EventController } from './event.controller.js';
import { EventService } from './event.service.js';

@Module({
  controllers: [EventController],
  providers: [EventFeed, EventService, EventStreamService, StandingCaller],
})
export class EventModule {}
