import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';

/** `repeated`: was there already. `lost`: the site had to discard them. `unreadable`: left a mark only. */
export type EventOutcome = 'stored' | 'repeated' | 'lost' | 'unreadable';

/** What became of the events of all sites. */
@Injectable()
export class EventMetrics {
  readonly registry = new Registry();
  private readonly events = new Counter({
    name: 'adit_events_total',
    help: 'events of sites, by what became of them',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  count(outcome: EventOutcome, events: number): void {
    if (events > 0) this.events.inc({ outcome }, events);
  }
}
