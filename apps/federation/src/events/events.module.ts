import { LOGGER, type AppLogger } from '@app/runtime';
import { Module } from '@nestjs/common';
import { EventKeeper } from './event-keeper.js';
import { EventStore } from './event-store.js';
import { EventWatch } from './event-watch.js';
import { EventMetrics } from './event.metrics.js';

const RETRY_MS = 500;

@Module({
  providers: [
    EventMetrics,
    EventStore,
    EventKeeper,
    {
      provide: EventWatch,
      inject: [EventStore, LOGGER],
      useFactory: (store: EventStore, logger: AppLogger) => new EventWatch(store, logger, RETRY_MS),
    },
  ],
  exports: [EventWatch],
})
export class EventsModule {}
