import { DomainError } from '@app/contracts';
import { type ScopeCamera, StreamAccountRepository, type StreamAccountRow, type Transaction } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import type { StreamAccountUrl } from './stream-account.dto.js';

const MOST_URLS = 500;

export interface WantedScope {
  cameraIds: readonly string[];
  siteIds: readonly string[];
}

/** Which cameras and sites an account is for, and their addresses. */
@Injectable()
export class StreamAccountScopes {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(StreamAccountRepository) private readonly accounts: StreamAccountRepository,
  ) {}

  /**
   * Cameras that an account has already may be away just now.
   * @throws DomainError `invalid-request` when nothing is left, `camera-not-found`, `not-found` for a site
   */
  async check(tx: Transaction, tenantId: string, wanted: WantedScope, before?: WantedScope): Promise<void> {
    if (wanted.cameraIds.length === 0 && wanted.siteIds.length === 0) {
      throw new DomainError('invalid-request', 'an account is for at least one camera or site', {
        fields: [{ pointer: '/cameraIds', detail: 'at least one here, or in siteIds' }],
      });
    }
    const added = without(wanted.cameraIds, before?.cameraIds);
    const found = new Set((await this.accounts.cameras(tx, tenantId, added)).map(({ cameraId }) => cameraId));
    const missing = added.find((id) => !found.has(id));
    if (missing !== undefined) throw new DomainError('camera-not-found', `there is no camera ${missing}`);
    const sites = without(wanted.siteIds, before?.siteIds);
    if ((await this.accounts.countSites(tx, tenantId, sites)) < sites.length) {
      throw new DomainError('not-found', 'one of the sites is not there');
    }
  }

  /** With user and password, for a program that stores them. */
  async urls(
    tx: Transaction,
    tenantId: string,
    { id, username, usages }: StreamAccountRow,
    password: string,
  ): Promise<{ urls: StreamAccountUrl[]; urlTemplate: string }> {
    const base = `rtsp://${username}:${password}@${this.config.ADIT_RTSP_PUBLIC}`;
    const cameras = await this.accounts.camerasInScope(tx, tenantId, id, MOST_URLS);
    return {
      urls: cameras.map((camera) => urlOf(base, camera, usages[0])),
      urlTemplate: `${base}/{site}/{camera}/{usage}`,
    };
  }
}

const urlOf = (base: string, { cameraId, name, siteLabel, path }: ScopeCamera, usage = 'live'): StreamAccountUrl => {
  const parts = [siteLabel ?? '', path ?? '', usage].map(encodeURIComponent);
  return { cameraId, name: name ?? '', url: `${base}/${parts.join('/')}` };
};

const without = (ids: readonly string[], known: readonly string[] = []): string[] =>
  ids.filter((id) => !known.includes(id));
