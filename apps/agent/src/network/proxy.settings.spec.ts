import { ConfigurationError } from '@app/runtime';
import { hopName, ProxySettings } from './proxy.settings.js';

describe('ProxySettings', () => {
  const httpsProxy = 'http://proxy.example:3128';

  it.each([
    ['http://proxy.example:3128', 'proxy.example:3128', false],
    ['proxy.example', 'proxy.example:80', false],
    ['https://proxy.example', 'proxy.example:443', true],
    ['http://[2001:db8::1]:8080', '2001:db8::1:8080', false],
  ])('reads %s', (text, name, tls) => {
    const { hop } = new ProxySettings({ httpsProxy: text });
    expect(hop && hopName(hop)).toBe(name);
    expect(hop?.tls).toBe(tls);
  });

  it('turns credentials into Basic, with what was percent-encoded in them', () => {
    const { hop } = new ProxySettings({ httpsProxy: 'http://site:p%40ss%20word@proxy.example' });
    expect(hop?.authorization).toBe(`Basic ${Buffer.from('site:p@ss word').toString('base64')}`);
  });

  it('refuses other kinds of proxies without repeating their credentials', () => {
    expect(() => new ProxySettings({ httpsProxy: 'socks5://user:secret@proxy' })).toThrow(ConfigurationError);
    expect(() => new ProxySettings({ httpsProxy: 'socks5://user:secret@proxy' })).not.toThrow(/secret/);
  });

  it.each([
    ['*', 'broker.example', true],
    ['broker.example', 'broker.example', true],
    ['.example', 'broker.example', true],
    ['example', 'broker.example', true],
    ['ample', 'broker.example', false],
    ['other, broker.example:5500', 'BROKER.example', true],
    ['broker.example:443', 'broker.example', false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['2001:db8::/32', '2001:db8::5', true],
    ['10.1.2.3', '10.1.2.3', true],
  ])('NO_PROXY=%s exempts %s: %s', (noProxy, host, exempt) => {
    const hop = new ProxySettings({ httpsProxy, noProxy }).hopFor(host, 5500);
    expect(hop === undefined).toBe(exempt);
  });

  it('lets a proxy that was named to the agent win over the environment and its exceptions', () => {
    const settings = new ProxySettings({ explicit: 'http://own:1', httpsProxy, noProxy: '*' });
    expect(settings.hopFor('broker.example', 5500)).toMatchObject({ host: 'own', port: 1 });
    expect(new ProxySettings({ explicit: 'none', httpsProxy }).hopFor('broker.example', 5500)).toBeUndefined();
  });
});
