import { cameraGet, cameraList } from '@app/contracts';
import type { Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { SitePageQuery } from '../http/site-page.dto.js';
import type { Camera } from './camera.dto.js';

/** Asks federation, which owns the entities. */
@Injectable()
export class CameraService {
  constructor(@Inject(MessageClient) private readonly messages: MessageClient) {}

  list(tenantId: string, { limit, cursor, siteId }: SitePageQuery): Promise<Page<Camera>> {
    return this.messages.request(cameraList, { tenantId, siteId, limit, cursor });
  }

  /** @throws DomainError `camera-not-found` */
  find(tenantId: string, cameraId: string): Promise<Camera> {
    return this.messages.request(cameraGet, { tenantId, cameraId });
  }
}
