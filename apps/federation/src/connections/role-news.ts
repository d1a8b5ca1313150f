import { Database, Listener, ROLES_CHANGED } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { FederationConfig } from '../config.js';

/** Something changed at a site; the payload is its id. */
const SITE_KICKED = 'federation_site';

/** What the processes of federation tell each other through the database. It may be lost: rounds find out as well. */
@Injectable()
export class RoleNews {
  private listener: Listener | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: FederationConfig,
    private readonly database: Database,
  ) {}

  listen(on: { rolesChanged: () => void; siteKicked: (siteId: string) => void }): void {
    this.listener = new Listener({
      url: this.config.ADIT_DATABASE_URL.reveal(),
      channels: [ROLES_CHANGED, SITE_KICKED],
      onNotification: (channel, payload) => (channel === SITE_KICKED ? on.siteKicked(payload) : on.rolesChanged()),
      onConnected: on.rolesChanged,
    });
    this.listener.start();
  }

  async rolesChanged(): Promise<void> {
    await this.database.inSystem((tx) => tx.notify(ROLES_CHANGED, ''));
  }

  async siteKicked(siteId: string): Promise<void> {
    await this.database.inSystem((tx) => tx.notify(SITE_KICKED, siteId));
  }

  async close(): Promise<void> {
    await this.listener?.close();
  }
}
