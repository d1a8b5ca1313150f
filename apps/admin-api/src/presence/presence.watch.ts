import { Database, SitePresenceRepository } from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { eventsOf, ripe } from './presence-event.js';

const LONGEST_POLL_MS = 5_000;
const LOOKS_PER_GRACE = 4;
/** Brokers need so long to say again that they live when the database, or all of the platform, was away. */
const SETTLE_MS = 20_000;
const DIRECTIONS = ['offline', 'online'] as const;

/**
 * Tells, in the audit and by it to webhooks, that sites went away or came back. All that it goes by is in the database, and
 * what it tells is written in the same transaction as that it was told: neither a restart nor a second replica loses or
 * repeats anything.
 */
@Injectable()
export class PresenceWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly graceMs: number;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private settledAt = 0;

  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(SitePresenceRepository) private readonly presence: SitePresenceRepository,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.graceMs = config.ADIT_OFFLINE_GRACE_SECONDS * 1_000;
  }

  onApplicationBootstrap(): void {
    this.unsettle();
    this.timer = setInterval(() => this.look(), Math.min(LONGEST_POLL_MS, this.graceMs / LOOKS_PER_GRACE));
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private look(): void {
    if (performance.now() < this.settledAt) return;
    this.looking ??= this.lookOnce()
      .catch((error: unknown) => {
        this.logger.debug({ err: error }, 'what is told about sites has to wait for the database');
        this.unsettle();
      })
      .finally(() => {
        this.looking = undefined;
      });
  }

  /** Heartbeats that could not be written look like those of the dead. */
  private unsettle(): void {
    this.settledAt = performance.now() + Math.min(SETTLE_MS, this.graceMs);
  }

  private async lookOnce(): Promise<void> {
    const grace = this.config.ADIT_OFFLINE_GRACE_SECONDS;
    const tenants = await this.database.inSystem((tx) => this.presence.tenantsWithDue(tx, grace));
    for (const tenantId of tenants) await this.decide(tenantId);
  }

  private async decide(tenantId: string): Promise<void> {
    const { ADIT_OFFLINE_GRACE_SECONDS: grace, ADIT_OUTAGE_WINDOW_SECONDS: window } = this.config;
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.presence.lock(tx, tenantId))) return;
      const due = await this.presence.due(tx, tenantId, grace);
      for (const direction of DIRECTIONS) {
        const changes = due.filter(({ to }) => to === direction);
        if (!ripe(changes, window)) continue;
        const sites = changes.map(({ siteId }) => siteId);
        await this.presence.told(tx, tenantId, sites, direction);
        for (const event of eventsOf(direction, changes)) await tx.audit(tenantId, event);
        this.logger.info({ tenantId, direction, sites: sites.length }, 'sites changed');
      }
    });
  }
}
