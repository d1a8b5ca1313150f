import type { EndStreamsRequest } from '@app/contracts';
import { Database, RunningStreamRepository } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type OwnedStream, RunningStreams } from './running-streams.js';
import { StreamResolver } from './stream.resolver.js';

const CODE = 'ended-by-operator';

/** What an operator does to streams here. It is in the audit before it happens, or it does not happen. */
@Injectable()
export class StreamControl {
  constructor(
    private readonly database: Database,
    private readonly rows: RunningStreamRepository,
    private readonly running: RunningStreams,
    private readonly streams: StreamResolver,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Of two at once one ends a stream. @throws DomainError `unavailable` without the database: nothing is ended then */
  async end({ tenantId, actor, correlationId, ...choice }: EndStreamsRequest): Promise<{ ended: number }> {
    const chosen = this.running.chosen(tenantId, choice).filter(({ isEnding }) => !isEnding);
    if (chosen.length === 0) return { ended: 0 };
    for (const stream of chosen) stream.isEnding = true;
    try {
      await this.record(tenantId, chosen, actor, correlationId);
    } catch (error) {
      for (const stream of chosen) stream.isEnding = false;
      throw error;
    }
    this.logger.warn({ actor, correlationId, streams: chosen.map(({ id }) => id) }, 'an operator ends streams');
    // Noted before the end: whoever comes back at once is refused.
    for (const { viewer } of chosen) {
      if (viewer.grant.ticketId !== undefined) this.streams.endedTickets.note(viewer.grant.ticketId);
    }
    for (const { viewer } of chosen) viewer.end(CODE);
    return { ended: chosen.length };
  }

  private record(
    tenantId: string,
    chosen: readonly OwnedStream[],
    actor: string,
    correlationId: string,
  ): Promise<void> {
    return this.database.inTenant(tenantId, async (tx) => {
      await this.rows.remove(
        tx,
        tenantId,
        chosen.map(({ id }) => id),
      );
      for (const { id, viewer } of chosen) {
        const { user, siteId, cameraId, usage, ticketId } = viewer.grant;
        const { remoteAddress, transport } = viewer;
        const details = { user, siteId, cameraId, usage, ticketId, remoteAddress, transport, correlationId };
        await tx.audit(tenantId, { actor, action: 'stream.ended', subject: id, details });
      }
    });
  }
}
