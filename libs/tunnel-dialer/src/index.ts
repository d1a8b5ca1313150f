export { TunnelDialer, type DialRequest, type TunnelDialerOptions } from './dialer.js';
export { DIAL_CODES, DialError, type DialCode } from './errors.js';
export { isAllowedAddress, isWithin, parseCidrs, type Cidr } from './address-rule.js';
export { cidrList } from './cidr-list.js';
export { parseHostPort, type HostPort } from './host-port.js';
export type { Resolve } from './direct.js';
export type { Route } from './route.js';
export { ingressTls } from './tunnelled.js';
