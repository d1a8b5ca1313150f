import { Injectable } from '@nestjs/common';
import { EntityStore } from '../entities/entity-store.js';
import { EventWatch } from '../events/event-watch.js';

/** Where connections put what their sites tell. */
@Injectable()
export class RoleStores {
  constructor(
    readonly entities: EntityStore,
    readonly events: EventWatch,
  ) {}
}
