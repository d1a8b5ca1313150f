import { Database, TunnelSessionRepository } from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BrokerConfig } from '../config.js';

const HOUR_MS = 3_600_000;
/** In one statement, which has to end in time; the rest is for the next hour. */
const MOST = 5_000;

/** The history of sessions has an end. Any broker may prune it, and all of them do. */
@Injectable()
export class HistoryService implements OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    private readonly database: Database,
    private readonly sessions: TunnelSessionRepository,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.prune(), HOUR_MS);
    void this.prune();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async prune(): Promise<void> {
    try {
      const days = this.config.ADIT_HISTORY_DAYS;
      const pruned = await this.database.inSystem((tx) => this.sessions.prune(tx, days, MOST));
      if (pruned > 0) this.logger.info({ pruned, days }, 'old sessions were pruned');
    } catch (error) {
      this.logger.warn({ err: error }, 'the history of sessions is pruned later');
    }
  }
}
