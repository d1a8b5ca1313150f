import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { TicketGate } from './ticket.gate.js';

const LOOK_MS = 3_000;
/** Ids of one question to the database. */
const BATCH = 1_000;

/** Ends what is being watched under a ticket when the ticket is revoked. */
@Injectable()
export class TicketWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly live = new Map<string, { ended: AbortController; until: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly gate: TicketGate,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Aborts when the ticket is revoked. @param until ms since the epoch: nobody can come with it later */
  ended(ticketId: string, until: number): AbortSignal {
    const known = this.live.get(ticketId) ?? { ended: new AbortController(), until };
    this.live.set(ticketId, known);
    return known.ended.signal;
  }

  private async look(): Promise<void> {
    try {
      this.forgetExpired();
      const ids = [...this.live.keys()];
      for (let at = 0; at < ids.length; at += BATCH) {
        for (const id of await this.gate.revoked(ids.slice(at, at + BATCH))) this.end(id);
      }
    } catch (error) {
      this.logger.debug({ err: error }, 'revoked tickets could not be looked up');
    }
    if (this.timer !== undefined) this.timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  /** Nobody new can come with these; who watches goes on. */
  private forgetExpired(): void {
    const now = Date.now();
    for (const [id, { until }] of this.live) if (until < now) this.live.delete(id);
  }

  private end(ticketId: string): void {
    this.live.get(ticketId)?.ended.abort();
    this.live.delete(ticketId);
  }
}
