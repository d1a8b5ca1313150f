import { Database, SitePresenceRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';

/** How many sites are there, of all tenants, by what was told about them. */
@Injectable()
export class PresenceMetrics {
  readonly registry = new Registry();

  constructor(@Inject(Database) database: Database, @Inject(SitePresenceRepository) presence: SitePresenceRepository) {
    const sites = new Gauge({
      name: 'adit_sites',
      help: 'sites that have ever connected',
      labelNames: ['state'],
      registers: [this.registry],
      collect: async () => {
        const counts = await database.inSystem((tx) => presence.counts(tx)).catch(() => undefined);
        if (counts === undefined) return;
        for (const state of ['online', 'offline'] as const) {
          sites.set({ state }, counts.find(({ told }) => told === state)?.sites ?? 0);
        }
      },
    });
  }
}
