import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { IngressServer } from './ingress/ingress.server.js';
import { TunnelListener } from './listener/tunnel-listener.js';
import { HeartbeatService } from './tunnel/heartbeat.service.js';
import { TunnelEndpoint } from './tunnel/tunnel.endpoint.js';

/** What open channels get to finish; the whole stop has to stay below 3 s. */
const DRAIN_MS = 800;
/** What the database gets for each word about it. */
const WRITE_MS = 500;

/** The orderly end: nobody new, GOAWAY to every agent, rows closed, broker stopped. */
@Injectable()
export class ShutdownService implements BeforeApplicationShutdown {
  constructor(
    private readonly listener: TunnelListener,
    private readonly ingress: IngressServer,
    private readonly tunnel: TunnelEndpoint,
    private readonly heartbeat: HeartbeatService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.listener.close();
    this.ingress.close(false);
    await this.writing(() => this.heartbeat.drain());
    await this.tunnel.drain(DRAIN_MS);
    this.ingress.close(true);
    await this.writing(() => this.heartbeat.stop());
  }

  /** A stop does not wait for a database that is away: others close our rows when the heartbeat is old. */
  private async writing(write: () => Promise<void>): Promise<void> {
    const late = delay(WRITE_MS, 'late', { ref: false });
    const outcome = await Promise.race([late, write().catch((error: unknown) => error)]);
    if (outcome !== undefined) this.logger.warn({ err: outcome }, 'the stop is not on record');
  }
}
