import type { EventRow } from '@app/persistence';
import type { SiteEvent } from './event.dto.js';

export const toSiteEvent = (row: EventRow): SiteEvent => ({
  id: row.id,
  position: row.position,
  siteId: row.siteId,
  siteLabel: row.siteLabel,
  sequence: row.sequence,
  type: row.type,
  sourceId: row.sourceId,
  entityId: row.entityId,
  siteTime: row.siteTime?.toISOString() ?? null,
  arrivedAt: row.arrivedAt.toISOString(),
  occurrencePeriod: row.occurrencePeriod,
  details: row.details,
  detailsDropped: row.detailsDropped,
});
