import { BrokerRepository, Database, Listener } from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BrokerConfig } from '../config.js';
import { BROKER_ID } from '../tokens.js';
import { BrokerIdentityService } from './broker-identity.service.js';

/** Notifications get lost: the issuer is asked this often anyway. */
const POLL_MS = 10_000;
/** After a failure while something is known to have changed. */
const RETRY_MS = 1_000;

/** Serves with the CAs as they are after each step of their rotation, and tells the database that it does. */
@Injectable()
export class AuthorityWatch implements OnApplicationShutdown {
  private readonly listener: Listener;
  private timer: NodeJS.Timeout | undefined;
  private reading = false;
  private again = false;
  private closed = false;

  constructor(
    @Inject(CONFIG) config: BrokerConfig,
    @Inject(BROKER_ID) private readonly brokerId: string,
    private readonly identity: BrokerIdentityService,
    private readonly database: Database,
    private readonly brokers: BrokerRepository,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.listener = new Listener({
      url: config.ADIT_DATABASE_URL.reveal(),
      channels: ['authority'],
      onNotification: () => void this.read(),
      onConnected: () => void this.read(),
    });
  }

  /** After the broker has its row. */
  start(): void {
    this.listener.start();
    this.next(POLL_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.listener.close();
  }

  /** One at a time; what happens meanwhile is read after it. */
  private async read(): Promise<void> {
    this.again = true;
    if (this.reading) return;
    this.reading = true;
    let failed = false;
    while (this.again && !failed) {
      this.again = false;
      failed = !(await this.readOnce());
    }
    this.reading = false;
    this.next(failed ? RETRY_MS : POLL_MS);
  }

  private async readOnce(): Promise<boolean> {
    try {
      const revision = await this.identity.reread();
      await this.database.inSystem((tx) => this.brokers.setAuthorityRevision(tx, this.brokerId, revision));
      return true;
    } catch (error) {
      this.logger.debug({ err: error }, 'the CAs cannot be read now');
      return false;
    }
  }

  private next(waitMs: number): void {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => void this.read(), waitMs);
  }
}
