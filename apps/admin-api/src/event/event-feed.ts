import { EVENTS_CHANNEL, Listener } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AdminConfig } from '../config.js';

/** Wakes whoever follows the events of a tenant. A hint that is lost costs time only: followers look by themselves, too. */
@Injectable()
export class EventFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly followers = new Map<string, Set<() => void>>();
  private readonly listener: Listener;

  constructor(@Inject(CONFIG) config: AdminConfig) {
    this.listener = new Listener({
      url: config.ADIT_DATABASE_URL.reveal(),
      channels: [EVENTS_CHANNEL],
      onNotification: (_channel, tenantId) => this.wake(tenantId),
      onConnected: () => {
        for (const tenantId of this.followers.keys()) this.wake(tenantId);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.listener.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.close();
  }

  /** @returns ends it */
  follow(tenantId: string, wake: () => void): () => void {
    const all = this.followers.get(tenantId) ?? new Set();
    this.followers.set(tenantId, all.add(wake));
    return () => {
      all.delete(wake);
      if (all.size === 0 && this.followers.get(tenantId) === all) this.followers.delete(tenantId);
    };
  }

  private wake(tenantId: string): void {
    for (const wake of this.followers.get(tenantId) ?? []) wake();
  }
}
