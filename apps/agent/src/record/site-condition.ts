import type { SiteCondition } from '@app/contracts';
import { statfs } from 'node:fs/promises';

/** @returns bytes that this user may still write where the path is; null when it cannot be told */
export const freeBytesAt = async (path: string): Promise<number | null> => {
  try {
    const { bavail, bsize } = await statfs(path);
    const bytes = bavail * bsize;
    return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null;
  } catch {
    return null;
  }
};

export interface MeasuredSite {
  agentVersion: string;
  startedAt: string;
  clockSkewMs: number | undefined;
  /** Infinity: none. */
  limitBitsPerSecond: number;
  capacityBitsPerSecond: number | undefined;
  roundTripMs: number | undefined;
  freeBytes: number | null;
}

/** In the form of the contract: whole numbers, null for what is not known. */
export const conditionOf = (site: MeasuredSite): SiteCondition => ({
  agentVersion: site.agentVersion,
  startedAt: site.startedAt,
  clockSkewMs: wholeOrNull(site.clockSkewMs),
  uplink: {
    limitBitsPerSecond: wholeOrNull(site.limitBitsPerSecond),
    capacityBitsPerSecond: wholeOrNull(site.capacityBitsPerSecond),
    roundTripMs: site.roundTripMs === undefined ? null : Math.max(0, Math.round(site.roundTripMs * 10) / 10),
  },
  freeBytes: site.freeBytes,
});

const wholeOrNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : Math.round(value);
