import { DomainError } from '@app/contracts';
import {
  AlarmRepository,
  Database,
  EventIntakeRepository,
  type EventStoreKey,
  FederationRoleRepository,
} from '@app/persistence';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { roleTaken } from '../entities/entity-store.js';
import { followAlarms } from './event-alarms.js';
import { LOST, type ToldEvent, unreadable } from './event-record.js';
import { EventMetrics } from './event.metrics.js';

/** The role that fetches events, and the store that they are of. */
export interface EventOwner extends EventStoreKey {
  roleId: string;
  /** Of the lease under which this is written. */
  generation: number;
}

/** Events of sites in the database, always together with the position up to which they are there. */
@Injectable()
export class EventStore {
  constructor(
    private readonly database: Database,
    private readonly intake: EventIntakeRepository,
    private readonly alarms: AlarmRepository,
    private readonly roles: FederationRoleRepository,
    private readonly metrics: EventMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** How far the site's store is here; 0 for one that is new. @throws DomainError `unavailable` */
  position(owner: EventOwner): Promise<bigint> {
    return this.database.inTenant(owner.tenantId, (tx) => this.intake.position(tx, owner));
  }

  /**
   * In one transaction: those that are new, in their order, their alarms, and the position. A batch that the database
   * refuses is written event by event, and what it refuses then leaves a mark in its place.
   * @throws DomainError `unavailable`: nothing was written, or nobody knows; try again. `role-not-connected`
   */
  async append(owner: EventOwner, told: readonly ToldEvent[]): Promise<void> {
    try {
      await this.write(owner, told);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      this.logger.warn({ roleId: owner.roleId, err: error }, 'events have to be written one by one');
      for (const one of told) await this.writeOne(owner, one);
    }
  }

  private async writeOne(owner: EventOwner, told: ToldEvent): Promise<void> {
    try {
      await this.write(owner, [told]);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      await this.write(owner, [{ ...told, event: unreadable(told.event) }]);
      this.metrics.count('unreadable', 1);
    }
  }

  private async write(owner: EventOwner, told: readonly ToldEvent[]): Promise<void> {
    const fresh = await this.database.inTenant(owner.tenantId, async (tx) => {
      const selection = await this.roles.holdForEvents(tx, owner);
      if (selection === undefined) throw roleTaken();
      const rising = newOnes(told, await this.intake.lockPosition(tx, owner));
      const last = rising.at(-1);
      if (last === undefined) return rising;
      const records = rising.flatMap(({ loss, event }) => (loss === undefined ? [event] : [loss, event]));
      await this.intake.append(
        tx,
        owner,
        records.filter(({ type }) => isWanted(selection.types, type)),
      );
      if (selection.alarms) await followAlarms(tx, this.alarms, owner, records);
      await this.intake.moveTo(tx, owner, last.event.sequence);
      return rising;
    });
    this.metrics.count('stored', fresh.length);
    this.metrics.count('repeated', told.length - fresh.length);
    this.metrics.count(
      'lost',
      fresh.reduce((sum, { lost }) => sum + lost, 0),
    );
  }
}

/** What a site lost is told whatever is wanted: nobody knows what it was. */
export const isWanted = (types: readonly string[], type: string): boolean =>
  type === LOST ||
  types.some((wanted) => (wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted));

/** Behind the position and rising from there. */
const newOnes = (told: readonly ToldEvent[], position: bigint): ToldEvent[] => {
  let last = position;
  return told.filter(({ event: { sequence } }) => {
    if (sequence <= last) return false;
    last = sequence;
    return true;
  });
};
