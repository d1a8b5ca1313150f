import { networkOf } from './network.js';

it.each([
  ['an IPv4 address in IPv6 notation is itself', '::ffff:192.0.2.1', '192.0.2.1', true],
  ['IPv4 addresses are told apart', '192.0.2.1', '192.0.2.2', false],
  ['IPv6 addresses of one /56 are one', '2001:db8:0:1100::1', '2001:db8:0:11ff:5::', true],
  ['IPv6 addresses of two /56 are two', '2001:db8:0:1100::1', '2001:db8:0:1200::1', false],
  ['what is no address is itself', 'unix', 'unix', true],
])('%s', (_title, one, other, same) => expect(networkOf(one) === networkOf(other)).toBe(same));
