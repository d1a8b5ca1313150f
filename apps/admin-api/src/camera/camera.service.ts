import { cameraGet, cameraList, cameraSnapshot, cameraTimeline, DomainError } from '@app/contracts';
import type { Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { SitePageQuery } from '../http/site-page.dto.js';
import type { Camera, RecordedSpan, RecordingsQuery, Timeline, TimelineQuery } from './camera.dto.js';
import { recordedPage, startOf, type SpanRange } from './recorded-spans.js';

const MAX_RANGE_MS = 366 * 86_400_000;

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

  /** A JPEG. @throws DomainError `camera-not-found`, `snapshot-unsupported`, `snapshot-unavailable`, `camera-unauthorized`, `site-offline`, … */
  async snapshot(tenantId: string, cameraId: string): Promise<{ image: Buffer; takenAt: string }> {
    const parts = await this.messages.requestAll(cameraSnapshot, { tenantId, cameraId });
    const [first] = parts;
    if (first === undefined || first.of !== parts.length) {
      throw new DomainError('unavailable', 'the picture did not arrive whole', { retryAfterMs: 1_000 });
    }
    const image = Buffer.concat(parts.map(({ part }) => Buffer.from(part, 'base64')));
    return { image, takenAt: first.takenAt };
  }

  /** @throws DomainError `invalid-request`, `camera-not-found`, `recording-not-found`, `recording-unavailable`, `site-offline`, … */
  timeline(tenantId: string, cameraId: string, query: TimelineQuery): Promise<Timeline> {
    return this.messages.request(cameraTimeline, { tenantId, cameraId, ...rangeOf(query) });
  }

  /** The timeline without what is empty, page by page. @throws DomainError `invalid-cursor`, and as `timeline` */
  async recordings(tenantId: string, cameraId: string, query: RecordingsQuery): Promise<Page<RecordedSpan>> {
    const range = rangeOf(query);
    const rest = { from: startOf(query.cursor, range), to: range.to };
    const { spans } = await this.messages.request(cameraTimeline, { tenantId, cameraId, ...rest });
    return recordedPage(spans, rest, query.limit);
  }
}

/** @throws DomainError `invalid-request` */
const rangeOf = (query: { from: string; to: string }): SpanRange => {
  const [from, to] = [new Date(query.from), new Date(query.to)];
  const lengthMs = to.getTime() - from.getTime();
  if (lengthMs <= 0 || lengthMs > MAX_RANGE_MS) {
    const fields = [{ pointer: '/to', detail: 'must be after from, by 366 days at most' }];
    throw new DomainError('invalid-request', 'the range must run forwards and over a year at most', { fields });
  }
  return { from: from.toISOString(), to: to.toISOString() };
};
