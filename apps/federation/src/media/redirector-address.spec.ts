import { directRedirector, tunnelledRedirector } from './redirector-address.js';

describe('the address of a site redirector', () => {
  it('is a service of the tunnel for a tunnelled site', () => {
    expect(tunnelledRedirector('hamburg', 'adit.internal')).toBe('redirector.hamburg.tunnel.adit.internal');
  });

  it.each([
    ['site.example:5500', 'site.example:5501', 'site.example:5501'],
    ['site.example:5500', 'SITE.example:5501', 'site.example:5501'],
    ['192.0.2.1:5500', '0.0.0.0:5501', '192.0.2.1:5501'],
    ['[2001:db8::1]:5500', '[::]:5501', '[2001:db8::1]:5501'],
  ])('is on the host of the directory: %s and %s make %s', (directory, announced, expected) => {
    expect(directRedirector(directory, announced)).toBe(expected);
  });

  it.each(['169.254.169.254:80', 'localhost:5501', 'site.example', '', 'site.example:0', 'site.example:1/x'])(
    'is refused when a site says %j',
    (announced) => {
      expect(() => directRedirector('site.example:5500', announced)).toThrow(
        expect.objectContaining({ code: 'directory-refused' }),
      );
    },
  );
});
