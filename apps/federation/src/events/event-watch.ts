import { once } from 'node:events';
import { type directory, DomainError } from '@app/contracts';
import type { AppLogger } from '@app/runtime';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Contact } from '../connections/directory-session.js';
import { outlastOutage } from '../database/outlast-outage.js';
import { inBatches, type BatchLimits } from './batches.js';
import { type EventSource, type ToldEvent, toldEvent } from './event-record.js';
import type { EventOwner, EventStore } from './event-store.js';

/** The database takes a batch in one statement. */
export const eventBatches: BatchLimits = { most: 500, mostBytes: 1 << 20, settleMs: 20 };

/** A site that keeps no events, or an account that may not see them: the contact goes on without. */
const WITHOUT = new Set([Code.Unimplemented, Code.PermissionDenied]);

/** Whose contact it is. */
export interface EventRole extends Omit<EventOwner, 'store'> {
  /** Whether the role is to receive events or alarms at all. */
  wantsEvents: boolean;
}

/** Fetches the events of one site for as long as its contact lasts. */
export class EventWatch {
  constructor(
    private readonly store: Pick<EventStore, 'position' | 'append'>,
    private readonly logger: AppLogger,
    private readonly retryMs: number,
  ) {}

  /** Ends by an error alone. */
  async run(role: EventRole, contact: Contact, signal: AbortSignal): Promise<never> {
    const { tenantId, siteId, roleId, generation, wantsEvents } = role;
    if (!wantsEvents || !contact.info.capabilities.includes('events')) return untilEnd(signal);
    const owner = { tenantId, siteId, roleId, generation, store: contact.pin };
    const position = await outlastOutage(() => this.store.position(owner), signal, this.retryMs);
    try {
      const told = readable(owner, contact.watchEvents(position, signal));
      for await (const batch of inBatches(told, ({ bytes }) => bytes, eventBatches)) {
        await outlastOutage(() => this.store.append(owner, batch), signal, this.retryMs);
      }
    } catch (error) {
      if (!(error instanceof ConnectError && WITHOUT.has(error.code))) throw error;
      this.logger.debug({ roleId, reason: error.rawMessage.slice(0, 200) }, 'the site gives no events');
      return untilEnd(signal);
    }
    throw new DomainError('site-unreachable', 'the site ended the events');
  }
}

/** The contact goes on without events. */
const untilEnd = async (signal: AbortSignal): Promise<never> => {
  if (!signal.aborted) await once(signal, 'abort');
  throw new DomainError('site-unreachable', 'the contact broke');
};

async function* readable(
  source: EventSource,
  messages: AsyncIterable<directory.WatchEventsResponse>,
): AsyncGenerator<ToldEvent> {
  for await (const message of messages) {
    const told = toldEvent(source, message);
    if (told !== undefined) yield told;
  }
}
