import ipaddr from 'ipaddr.js';

export type Cidr = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** @throws RangeError naming the range that cannot be read */
export const parseCidrs = (texts: readonly string[]): Cidr[] =>
  texts.map((text) => {
    if (!ipaddr.isValidCIDR(text)) throw new RangeError(`${text} is not a CIDR range`);
    return ipaddr.parseCIDR(text);
  });

/**
 * Whether a direct dial may go to this IP address: it is globally reachable unicast, or in a range that the deployment
 * allows. IPv4 inside IPv6 (RFC 4291, 2.5.5.2) is judged as the IPv4 address it is; tunnelling and translation ranges
 * (6to4, Teredo, NAT64) would lead anywhere and are refused with the other special ones.
 */
export const isAllowedAddress = (address: string, allowed: readonly Cidr[]): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  return isGlobal(ip) || allowed.some((range) => contains(range, ip));
};

/** All of IPv6 that is handed out (IANA); what lies beyond, such as IPv4-compatible `::7f00:1`, is special or nobody's. */
const GLOBAL_IPV6: Cidr = ipaddr.parseCIDR('2000::/3');

const isGlobal = (ip: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  ip.range() === 'unicast' && (ip.kind() === 'ipv4' || contains(GLOBAL_IPV6, ip));

/** Whether the address is in one of the ranges; IPv4 inside IPv6 as the IPv4 address it is. */
export const isWithin = (address: string, ranges: readonly Cidr[]): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  return ranges.some((range) => contains(range, ip));
};

const contains = ([network, bits]: Cidr, ip: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  network.kind() === ip.kind() && ip.match(network, bits);
