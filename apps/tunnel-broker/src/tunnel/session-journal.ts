import { tunnelDown, tunnelUp } from '@app/contracts';
import { Database, TunnelSessionRepository, type NewTunnelSession } from '@app/persistence';
import { type AppLogger, LOGGER, MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { AdmissionRefused, GONE } from './refusal.js';
import type { LiveSession } from './session-registry.js';

const SECOND_MS = 1_000;

interface OwedClose {
  tenantId: string;
  reason: string;
  atMs: number;
}

/** The table of sessions as this broker writes it. What cannot be written while the database is away is written later. */
@Injectable()
export class SessionJournal {
  private readonly owed = new Map<string, OwedClose>();

  constructor(
    private readonly database: Database,
    private readonly sessions: TunnelSessionRepository,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /**
   * @param lives asked last: a session that has ended by then gets no row and ends no other, which may be newer
   * @returns ids of older sessions of the agent that this one has ended. @throws AdmissionRefused when it has ended itself
   */
  open(row: NewTunnelSession, lives: () => boolean): Promise<string[]> {
    return this.database.inTenant(row.tenantId, async (tx) => {
      const ended = await this.sessions.open(tx, row);
      if (!lives()) throw new AdmissionRefused(GONE);
      return ended;
    });
  }

  announce({ tenantId, siteId, id: sessionId }: LiveSession): void {
    this.messages.emit(tunnelUp, { tenantId, siteId, sessionId });
  }

  /** Which certificate carries the session now. For reading only, so that a database that is away costs it no more than that. */
  async certify({ id, tenantId, serial }: LiveSession): Promise<void> {
    try {
      await this.database.inTenant(tenantId, (tx) => this.sessions.setCertificate(tx, id, serial));
    } catch (error) {
      this.logger.warn({ err: error }, 'the certificate of a session is not on record');
    }
  }

  async close({ id, tenantId, siteId }: LiveSession, reason: string): Promise<void> {
    this.owed.set(id, { tenantId, reason, atMs: Date.now() });
    await this.settle();
    this.messages.emit(tunnelDown, { tenantId, siteId, sessionId: id, reason });
  }

  /** Writes what is owed; what fails again stays owed. */
  async settle(): Promise<void> {
    for (const [id, { tenantId, reason, atMs }] of [...this.owed]) {
      try {
        const secondsAgo = Math.max(0, (Date.now() - atMs) / SECOND_MS);
        await this.database.inTenant(tenantId, (tx) => this.sessions.close(tx, id, reason, secondsAgo));
        this.owed.delete(id);
      } catch (error) {
        this.logger.warn({ err: error, owed: this.owed.size }, 'the end of a session is written later');
        return;
      }
    }
  }
}
