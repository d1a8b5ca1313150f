/** A part of the way from a viewer to a device. */
export interface Hop {
  name: HopName;
  /** Of a round trip; null where nothing was measured of late. */
  ms: number | null;
  /** Beyond it, this hop is what makes the site slow. */
  expectedMs: number;
}

/** A machine room; a continent and back by a line that nobody fills; a camera on a local network. */
const EXPECTED_MS = { 'redirector-broker': 50, 'broker-agent': 300, 'site-device': 1_000 } as const;

export type HopName = keyof typeof EXPECTED_MS;
export const HOP_NAMES = Object.keys(EXPECTED_MS) as HopName[];

export interface Measured {
  brokerAgentMs: number | null;
  /** Quickest acknowledgement of a picture by each redirector: the way from the site through the broker and back. */
  siteRedirectorMs: readonly number[];
  siteDeviceMs: number | null;
}

/** In the order of the way. What the redirector measures goes through the tunnel: that part of it is taken off. */
export const hopsOf = ({ brokerAgentMs, siteRedirectorMs, siteDeviceMs }: Measured): Hop[] => {
  const whole = siteRedirectorMs.length === 0 ? null : Math.min(...siteRedirectorMs);
  const redirectorMs = whole === null || brokerAgentMs === null ? null : Math.max(0, whole - brokerAgentMs);
  const ms: Record<HopName, number | null> = {
    'redirector-broker': redirectorMs,
    'broker-agent': brokerAgentMs,
    'site-device': siteDeviceMs,
  };
  return HOP_NAMES.map((name) => ({ name, ms: ms[name], expectedMs: EXPECTED_MS[name] }));
};

/** The one that is furthest beyond what is expected of it; null when none is. */
export const slowHopOf = (hops: readonly Hop[]): Hop | null => {
  const slow = hops.filter(({ ms, expectedMs }) => ms !== null && ms > expectedMs);
  const factor = ({ ms, expectedMs }: Hop): number => (ms ?? 0) / expectedMs;
  return slow.toSorted((one, other) => factor(other) - factor(one))[0] ?? null;
};
