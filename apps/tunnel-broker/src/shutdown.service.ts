import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerConfig } from './config.js';
import { IngressServer } from './ingress/ingress.server.js';
import { TunnelListener } from './listener/tunnel-listener.js';
import { DrainService } from './tunnel/drain.service.js';
import { HeartbeatService } from './tunnel/heartbeat.service.js';

/** What the database gets for each word about it. */
const WRITE_MS = 500;

/**
 * The orderly end: no new session, GOAWAY to every agent, their channels or the deadline, rows closed, broker stopped.
 * Both listeners stay open meanwhile: a session that loses its line is resumed, and a dial that comes here is relayed.
 */
@Injectable()
export class ShutdownService implements BeforeApplicationShutdown {
  constructor(
    @Inject(CONFIG) private readonly config: BrokerConfig,
    private readonly listener: TunnelListener,
    private readonly ingress: IngressServer,
    private readonly drain: DrainService,
    private readonly heartbeat: HeartbeatService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.drain.begin();
    const hasSuccessor = (await this.written(() => this.heartbeat.drain())) ?? false;
    await this.finish(this.config.ADIT_DRAIN_DEADLINE_MS, hasSuccessor);
    this.listener.close();
    this.ingress.close();
    await this.written(() => this.heartbeat.stop());
  }

  private async finish(deadlineMs: number, hasSuccessor: boolean): Promise<void> {
    this.logger.info({ deadlineMs, hasSuccessor }, 'draining');
    const deadline = delay(deadlineMs, undefined, { ref: false });
    await this.drain.drain(deadlineMs, hasSuccessor);
    // Dials that are relayed to another broker have no session here.
    await Promise.race([this.ingress.idle(), deadline]);
  }

  /** A stop does not wait for a database that is away: others close our rows when the heartbeat is old. */
  private async written<T>(write: () => Promise<T>): Promise<T | undefined> {
    const late = delay(WRITE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`not within ${WRITE_MS} ms`);
    });
    try {
      return await Promise.race([late, write()]);
    } catch (error) {
      this.logger.warn({ err: error }, 'the stop is not on record');
      return undefined;
    }
  }
}
