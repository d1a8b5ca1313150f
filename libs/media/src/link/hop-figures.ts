/** How the way from a sender of units to their receiver is, as the acknowledgements tell the sender. */
export interface HopFigures {
  /** From a unit's sending to its acknowledgement, of the last units; 0 before there was one. */
  ackP50Ms: number;
  ackP95Ms: number;
  /** The quickest of them: the way there and back without a queue. */
  roundTripMs: number;
  inFlightBytes: number;
  /** Since the link is open. */
  droppedUnits: number;
  dropEpisodes: number;
}

const names = ['ackP50Ms', 'ackP95Ms', 'roundTripMs', 'inFlightBytes', 'droppedUnits', 'dropEpisodes'] as const;

/** What a STATE message tells of the way; undefined for one that tells nothing, or nonsense. */
export function readHop(message: Record<string, unknown>): HopFigures | undefined {
  const { hop } = message;
  if (typeof hop !== 'object' || hop === null) return undefined;
  const given = hop as Record<string, unknown>;
  const isSane = names.every((name) => typeof given[name] === 'number' && given[name] >= 0 && given[name] < 1e12);
  return isSane ? (Object.fromEntries(names.map((name) => [name, given[name]])) as unknown as HopFigures) : undefined;
}
