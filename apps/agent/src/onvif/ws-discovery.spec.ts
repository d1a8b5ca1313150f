import { networkInterfaces } from 'node:os';
import { DiscoveryResponder } from '../../../../test/harness/discovery-responder.js';
import { discoverDevices, readMatches } from './ws-discovery.js';

const address = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
if (address === undefined) process.stderr.write('SKIPPED: no interface but loopback, nothing to discover on\n');

const match = (content: string, id = 'urn:uuid:probe'): string =>
  `<s:Envelope xmlns:s="x"><s:Header><RelatesTo>${id}</RelatesTo></s:Header><s:Body><ProbeMatches>${content}</ProbeMatches></s:Body></s:Envelope>`;

(address !== undefined ? describe : describe.skip)('discoverDevices', () => {
  it('finds each device once, whatever else is said', async () => {
    const own = `http://${address}:8080/onvif/device_service`;
    const devices = [
      { addresses: `http://169.254.3.4/onvif/device_service ${own}`, name: 'Süd Tor', hardware: 'X 1', id: 'a' },
      { addresses: own, name: '', id: 'b' },
    ];
    await using responder = await DiscoveryResponder.start(address ?? '', devices, { isNoisy: true });
    const found = await discoverDevices({ interfaces: [address ?? ''], waitMs: 600 });
    expect(responder.probes).toBe(2);
    expect(found).toEqual([
      {
        id: 'urn:uuid:a',
        from: address,
        addresses: [own, 'http://169.254.3.4/onvif/device_service'],
        name: 'Süd Tor',
        hardware: 'X 1',
      },
      { id: 'urn:uuid:b', from: address, addresses: [own], name: '', hardware: 'Simulator' },
    ]);
  });

  it('fails where nothing can be sent', async () => {
    await expect(discoverDevices({ interfaces: ['192.0.2.254'], waitMs: 100 })).rejects.toThrow('EADDRNOTAVAIL');
  });
});

describe('an answer to a probe', () => {
  const one = '<ProbeMatch><XAddrs>http://192.0.2.9/x</XAddrs></ProbeMatch>';

  it.each([
    ['no XML', 'urn:uuid:probe <<<'],
    ['the answer to another probe', match(one, 'urn:uuid:other')],
    ['a document type', `<!DOCTYPE a [<!ENTITY b "c">]>${match(one)}`],
    ['no address', match('<ProbeMatch><XAddrs> </XAddrs></ProbeMatch>')],
    ['an address that is no http', match('<ProbeMatch><XAddrs>file:///etc/passwd javascript:x</XAddrs></ProbeMatch>')],
  ])('that is %s is nothing', (_title, text) => {
    expect(readMatches(text, 'urn:uuid:probe', '192.0.2.9')).toEqual([]);
  });

  it('cannot write on the terminal', () => {
    const scopes = `<Scopes>onvif://www.onvif.org/name/${encodeURIComponent('\u001b[2J\u202eGate')}</Scopes>`;
    const [device] = readMatches(match(one.replace('<XAddrs>', `${scopes}<XAddrs>`)), 'urn:uuid:probe', '192.0.2.9');
    expect(device).toMatchObject({ name: '[2JGate', addresses: ['http://192.0.2.9/x'] });
  });
});
