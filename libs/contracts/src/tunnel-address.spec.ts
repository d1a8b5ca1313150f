import { formatTunnelAddress, parseTunnelAddress } from './tunnel-address.js';

describe('a tunnel address', () => {
  it.each([
    ['directory.hamburg.tunnel.adit.internal', { service: 'directory', site: 'hamburg' }],
    ['Directory.Hamburg.Tunnel.Adit.Internal:5500', { service: 'directory', site: 'hamburg' }],
    ['redirector.hamburg-sued.tunnel.adit.internal.', { service: 'redirector', site: 'hamburg-sued' }],
  ])('%s names a service of a site, whatever its case and port', (address, expected) => {
    expect(parseTunnelAddress(address, 'adit.internal')).toEqual(expected);
  });

  it.each(['192.0.2.1:5500', 'cameras.example', 'directory.hamburg.tunnel.other.internal', 'xtunnel.adit.internal'])(
    '%s is an ordinary host',
    (address) => {
      expect(parseTunnelAddress(address, 'adit.internal')).toBeNull();
    },
  );

  it.each([
    'hamburg.tunnel.adit.internal',
    'a.b.c.tunnel.adit.internal',
    '-x.hamburg.tunnel.adit.internal',
    'a..tunnel.adit.internal',
  ])('%s is refused: it is under the domain but names no service of a site', (address) => {
    expect(() => parseTunnelAddress(address, 'adit.internal')).toThrow(RangeError);
  });

  it('is read back from what is written', () => {
    const written = formatTunnelAddress({ service: 'directory', site: 'a' }, 'adit.internal');
    expect(parseTunnelAddress(written, 'adit.internal')).toEqual({ service: 'directory', site: 'a' });
  });
});
