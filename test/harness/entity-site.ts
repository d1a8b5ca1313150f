import type { SiteEntity } from '../../apps/agent/src/site/index.js';
import type { HttpClient } from '../e2e/http-client.js';
import { signInFirst } from '../e2e/operators.js';
import { waitUntil } from './condition.js';
import { Platform } from './platform.js';
import { RegularSite } from './regular-site.js';

/** An entity as REST answers it. */
export interface RestEntity {
  id: string;
  siteId: string;
  siteLabel: string;
  roleId: string;
  remoteId: string;
  kind: string;
  name: string;
  parentId: string | null;
  state: string;
  stateReason: string | null;
  camera: { path: string; ptz: boolean; audio: boolean; streams: { codec: string }[] } | null;
  properties: Record<string, unknown> | null;
  updatedAt: string;
  note: string | null;
  notedAt: string | null;
  notedBy: string | null;
}

export interface RestPage<Item> {
  items: Item[];
  nextCursor: string | null;
}

export const siteEntity = (remoteId: string, more: Partial<SiteEntity> = {}): SiteEntity => ({
  remoteId,
  kind: 'camera',
  name: remoteId,
  state: 'online',
  stateReason: '',
  streams: [],
  ...more,
});

/** A platform with one federated site, whose entities the test puts into its directory. */
export class EntitySite implements AsyncDisposable {
  private constructor(
    readonly platform: Platform,
    readonly site: RegularSite,
    readonly admin: HttpClient,
    readonly siteId: string,
  ) {}

  static async start(): Promise<EntitySite> {
    const allow = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };
    const platform = await Platform.start({
      apps: ['keyfile-issuer', 'federation', 'admin-api'],
      extra: { federation: allow },
    });
    const site = await RegularSite.start();
    const admin = await signInFirst(platform);
    const { body } = await admin.ask<{ id: string }>('POST', '/api/v1/sites', { name: 'Hamburg' });
    const started = new EntitySite(platform, site, admin, body.id);
    await started.federate();
    return started;
  }

  /** Once the site has a role: the site's account, and until there is contact. */
  async federate(): Promise<void> {
    await waitUntil('the site has a role', async () => (await this.role()) !== undefined);
    const { address: directoryAddress, username, password, tlsPin } = this.site;
    const id = (await this.role())?.id ?? '';
    const changes = { directoryAddress, username, password, tlsPin, enabled: true };
    await this.admin.ask('PATCH', `/api/v1/federation-roles/${id}`, changes);
    await waitUntil('the role is connected', async () => (await this.role())?.state === 'connected');
  }

  async role(): Promise<{ id: string; state: string } | undefined> {
    const path = `/api/v1/federation-roles?siteId=${this.siteId}`;
    return (await this.admin.ask<RestPage<{ id: string; state: string }>>('GET', path)).body.items[0];
  }

  /** Every page of the list. */
  async list(query = ''): Promise<RestEntity[]> {
    const items: RestEntity[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/v1/entities?${query}${cursor && `&cursor=${cursor}`}`;
      const { body, status } = await this.admin.ask<RestPage<RestEntity>>('GET', path);
      if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
      items.push(...body.items);
      cursor = body.nextCursor;
    }
    return items;
  }

  async names(query = ''): Promise<string[]> {
    return (await this.list(query)).map(({ name }) => name);
  }

  async byRemoteId(remoteId: string): Promise<RestEntity | undefined> {
    return (await this.list(`siteId=${this.siteId}&limit=200`)).find((entity) => entity.remoteId === remoteId);
  }

  async until(remoteId: string, what: string, holds: (entity: RestEntity | undefined) => boolean): Promise<RestEntity> {
    let found: RestEntity | undefined;
    await waitUntil(`${remoteId} is ${what}`, async () => holds((found = await this.byRemoteId(remoteId))));
    return found as RestEntity;
  }

  async stop(): Promise<void> {
    await this.site.stop();
    await this.platform.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
