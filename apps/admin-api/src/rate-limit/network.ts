import ipaddr from 'ipaddr.js';

const IPV6_BYTES = 7;

/** Whom an address is counted as: itself, or its /56 in IPv6, of which one customer has all addresses. */
export const networkOf = (address: string): string => {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, IPV6_BYTES).join('.');
};
