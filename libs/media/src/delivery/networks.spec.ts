import { isWithin, Networks, type NetworkRules } from './networks.js';

describe('the networks of a redirector', () => {
  const rules: NetworkRules = {
    networks: [
      { name: 'site', cidr: '10.0.0.0/8', transport: 'udp' },
      { name: 'control-room', cidr: '10.4.0.0/16', transport: 'multicast' },
      { name: 'servers', cidr: '10.5.0.0/16', transport: 'multicast' },
      { name: 'radio', cidr: '10.6.0.0/16', transport: 'tcp' },
      { name: 'six', cidr: 'fd00::/8', transport: 'udp' },
    ],
    routes: [{ between: ['servers', 'site'], transport: 'tcp' }],
  };

  it.each([
    ['both ends carry multicast', '10.5.0.1', '10.4.0.1', 'multicast'],
    ['one end carries less', '10.4.0.1', '10.7.0.1', 'udp'],
    ['the client is on a network of TCP alone', '10.4.0.1', '10.6.0.1', 'tcp'],
    ['the route between them carries less', '10.5.0.1', '10.7.0.1', 'tcp'],
    ['the same route, from its other end', '10.7.0.1', '10.5.0.1', 'tcp'],
    ['the client’s address is in no network', '10.5.0.1', '192.0.2.1', 'tcp'],
    ['the address is no address', '10.5.0.1', '', 'tcp'],
    ['the ends are of IPv6', 'fd00::1', 'fd12::2%eth0', 'udp'],
  ])('%s', (_title, local, remote, transport) => {
    expect(new Networks(rules).carries(local, remote)).toBe(transport);
  });

  it('without a list carry TCP', () => {
    expect(new Networks().carries('127.0.0.1', '127.0.0.1')).toBe('tcp');
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'x/8', '::/129', ''])('refuse the range %p', (cidr) => {
    expect(() => new Networks({ networks: [{ name: 'a', cidr, transport: 'udp' }], routes: [] })).toThrow(RangeError);
  });

  it('refuse a name used twice and a route to nowhere', () => {
    const [network] = rules.networks;
    expect(() => new Networks({ networks: [network, network], routes: [] })).toThrow('same name');
    const routes = [{ between: ['site', 'moon'] as const, transport: 'tcp' as const }];
    expect(() => new Networks({ networks: [network], routes })).toThrow('moon');
  });

  it('carry everything smaller as well', () => {
    expect([isWithin('tcp', 'udp'), isWithin('udp', 'udp'), isWithin('multicast', 'udp')]).toEqual([true, true, false]);
  });
});
