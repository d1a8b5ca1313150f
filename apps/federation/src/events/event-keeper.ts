import { Database, EventIntakeRepository } from '@app/persistence';
import { CONFIG, LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { FederationConfig } from '../config.js';

const ROUND_MS = 600_000;
/** After a round that failed, for example because a long query held a week that was to be dropped. */
const RETRY_MS = 30_000;
const WEEKS_AHEAD = 4;

/** Makes the weeks of events ahead, and drops those that are over. Several processes may: the database lets one at it. */
@Injectable()
export class EventKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    @Inject(CONFIG) private readonly config: FederationConfig,
    private readonly database: Database,
    private readonly intake: EventIntakeRepository,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.begin();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.round;
  }

  private begin(): void {
    this.round = this.keep().then((done) => {
      if (!this.closed) this.timer = setTimeout(() => this.begin(), done ? ROUND_MS : RETRY_MS);
    });
  }

  /** @returns whether it got through */
  private async keep(): Promise<boolean> {
    try {
      const days = this.config.ADIT_EVENT_RETENTION_DAYS;
      const { made, dropped } = await this.database.inSystem((tx) => this.intake.keep(tx, days, WEEKS_AHEAD));
      if (made + dropped > 0) this.logger.info({ made, dropped }, 'weeks of events were made and dropped');
      return true;
    } catch (error) {
      this.logger.warn({ err: error }, 'the weeks of events have to wait');
      return false;
    }
  }
}
