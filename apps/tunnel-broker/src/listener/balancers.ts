import { parseCidrs } from '@app/tunnel-dialer';
import ipaddr from 'ipaddr.js';

/** IPv4 without its IPv6 clothing, in the one way of writing it. */
export const plainAddress = (address: string): string =>
  ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;

/**
 * Whose connections are counted together: an IPv4 address, or the /64 of an IPv6 address, since whoever has one of
 * those has all of them.
 */
export const originOf = (address: string): string => {
  if (!ipaddr.isValid(address)) return address;
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? `${ip.parts.slice(0, 4).join(':')}::/64` : ip.toString();
};

/** Origins that one holder may have: those of a /48 of IPv6, of which it has 65,536. */
export const neighbourhoodOf = (origin: string): string =>
  origin.endsWith('::/64') ? `${origin.split(':').slice(0, 3).join(':')}::/48` : origin;

/** The balancers whose word about their clients is believed. */
export class TrustedBalancers {
  private readonly ranges: ReturnType<typeof parseCidrs>;

  /** @param ranges CIDR; none: nobody's word is */
  constructor(ranges: readonly string[]) {
    this.ranges = parseCidrs(ranges);
  }

  has(address: string): boolean {
    if (this.ranges.length === 0 || !ipaddr.isValid(address)) return false;
    const ip = ipaddr.process(address);
    return this.ranges.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits));
  }
}
