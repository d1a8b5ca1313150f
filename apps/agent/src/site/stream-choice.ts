import type { StreamUsage } from '@app/contracts';

interface Choosable {
  usages: readonly StreamUsage[];
  width: number | null;
  height: number | null;
}

const SMALL: ReadonlySet<StreamUsage> = new Set(['low-res', 'remote']);

const area = (stream: Choosable): number => (stream.width ?? 0) * (stream.height ?? 0);

const USAGES = ['live', 'recording', 'remote', 'low-res', 'high-res'] as const;

/**
 * Which stream answers a usage: the first that names it; else the smallest picture for `low-res` and `remote` and the
 * largest for the rest. Of pictures of equal or unknown size the list's order decides, largest first.
 * @returns its index, and the usage with `automatic` resolved to `high-res`; undefined for a camera without streams
 */
export const chooseStream = (
  streams: readonly Choosable[],
  asked: StreamUsage,
): { index: number; usage: StreamUsage } | undefined => {
  if (streams.length === 0) return undefined;
  const usage = asked === 'automatic' ? 'high-res' : asked;
  const named = streams.findIndex((stream) => stream.usages.includes(usage));
  if (named >= 0) return { index: named, usage };
  const order = streams.map((_, index) => index).sort((a, b) => area(streams[b]) - area(streams[a]) || a - b);
  return { index: (SMALL.has(usage) ? order.at(-1) : order[0]) ?? 0, usage };
};

/** For each stream the usages that it answers: what a host can ask for and what it will get. */
export const effectiveUsages = (streams: readonly Choosable[]): StreamUsage[][] =>
  streams.map((_, index) => USAGES.filter((usage) => chooseStream(streams, usage)?.index === index));
