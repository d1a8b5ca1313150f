import { MAX_EXPORT_MS } from '@app/contracts';

export interface ExportRange {
  fromMs: number;
  toMs: number;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
/** Clocks of cloud and site differ; nothing is recorded later than this. */
const MAX_AHEAD_MS = 60_000;

/** `from` and `to` of a query, RFC 3339. @returns what is wrong with them, in words, when they are no range to export */
export const exportRange = (query: URLSearchParams, nowMs: number): ExportRange | string => {
  const [fromMs, toMs] = [instant(query.get('from')), instant(query.get('to'))];
  if (fromMs === undefined || toMs === undefined) return 'from and to are times as RFC 3339 writes them';
  if (toMs <= fromMs) return 'to must lie after from';
  if (toMs - fromMs > MAX_EXPORT_MS) return `a range is ${MAX_EXPORT_MS / 3_600_000} hours long at most`;
  if (toMs > nowMs + MAX_AHEAD_MS) return 'to lies in the future';
  return { fromMs, toMs };
};

/** Form of a file's name: nothing of it needs quoting in a header. */
export const exportName = (site: string, camera: string, { fromMs, toMs }: ExportRange): string => {
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '');
  const name = `${site}-${camera}-${time(fromMs)}Z-${time(toMs)}Z`.replace(/[^A-Za-z0-9._-]+/g, '_');
  return `${name.slice(0, 150)}.mp4`;
};

const instant = (text: string | null): number | undefined => {
  const ms = text !== null && INSTANT.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
};
