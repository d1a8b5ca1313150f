import { type SiteDiagnosisRepository, type SiteSourceRow, type Transaction } from '@app/persistence';
import type { CameraStreamSource } from '../stream/stream.dto.js';
import type { CameraSummary } from './diagnosis.dto.js';

const MOST_NAMED = 100;

/** Viewers wait, and nothing comes. */
const FAILING = new Set(['opening', 'reconnecting', 'closed']);

/** What redirectors take of a site now. */
export interface SiteVideo {
  bitsPerSecond: number;
  /** Quickest acknowledgements of pictures, one for each stream that has any; ms. */
  roundTripsMs: number[];
  failing: CameraSummary['streams'];
}

/** `figures` are what a redirector wrote, whose shape the DTO names. */
const figuresOf = ({ figures }: SiteSourceRow): CameraStreamSource => figures as CameraStreamSource;

export const videoOf = (sources: readonly SiteSourceRow[]): SiteVideo => {
  const up = sources.map(figuresOf).filter(({ state }) => state === 'up');
  const failing = sources.filter((source) => FAILING.has(figuresOf(source).state) && figuresOf(source).viewers > 0);
  return {
    bitsPerSecond: up.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0),
    roundTripsMs: up.flatMap(({ hop }) => hop?.roundTripMs ?? []),
    failing: failing.map((source) => {
      const { state, lastError } = figuresOf(source);
      return { cameraId: source.cameraId, usage: source.usage, state, lastError };
    }),
  };
};

export const cameraSummary = async (
  tx: Transaction,
  repository: SiteDiagnosisRepository,
  tenantId: string,
  siteId: string,
  { failing }: SiteVideo,
): Promise<CameraSummary> => {
  const counts = await repository.cameraCounts(tx, tenantId, siteId);
  const troubled = await repository.troubledCameras(tx, tenantId, siteId, MOST_NAMED);
  return {
    ...counts,
    troubled: troubled.map(({ since, ...camera }) => ({ ...camera, since: since.toISOString() })),
    streams: failing.slice(0, MOST_NAMED),
  };
};
