import fc from 'fast-check';
import { localHeader, proxyHeader, type ProxyHeaderFields } from './proxy-header.kit.js';
import { MAX_PROXY_HEADER_BYTES, ProxyHeaderError, readProxyHeader } from './proxy-header.js';

const codeOf = (bytes: Buffer): string => {
  try {
    return readProxyHeader(bytes) === undefined ? 'more' : 'read';
  } catch (error) {
    return error instanceof ProxyHeaderError ? error.code : String(error);
  }
};

const port = fc.integer({ min: 0, max: 65_535 });
const valid: fc.Arbitrary<ProxyHeaderFields> = fc.record({
  addresses: fc.oneof(
    fc.tuple(fc.ipV4(), fc.ipV4()),
    fc.constant<[string, string]>(['2001:db8::7', 'fd00::1']),
    fc.constant<[string, string]>(['::1', '::']),
  ),
  ports: fc.tuple(port, port),
  tlvs: fc.uint8Array({ maxLength: 512 }).map((bytes) => Buffer.from(bytes)),
});

describe('a header of PROXY protocol v2', () => {
  it('tells the client as it was written, whatever follows it', () => {
    fc.assert(
      fc.property(valid, fc.uint8Array({ maxLength: 64 }), (fields, rest) => {
        const header = proxyHeader(fields);
        const read = readProxyHeader(Buffer.concat([header, rest]));
        expect(read).toEqual({
          bytes: header.length,
          client: { address: fields.addresses?.[0], port: fields.ports?.[0] },
        });
      }),
    );
  });

  it('shows IPv4 without its IPv6 clothing', () => {
    const header = proxyHeader({ addresses: ['::ffff:192.0.2.9', '::ffff:192.0.2.1'], family: 0x21 });
    expect(readProxyHeader(header)?.client?.address).toBe('192.0.2.9');
  });

  it('is waited for at every byte where it may end, and never longer', () => {
    const header = proxyHeader({ tlvs: Buffer.from([4, 0, 1, 0]) });
    for (let end = 0; end < header.length; end++) expect(codeOf(header.subarray(0, end))).toBe('more');
    expect(codeOf(header)).toBe('read');
  });

  it('of a balancer that speaks for itself names nobody', () => {
    const header = localHeader();
    for (let end = 0; end < header.length; end++) expect(codeOf(header.subarray(0, end))).toBe('more');
    expect(readProxyHeader(header)).toEqual({ bytes: 16 });
    expect(readProxyHeader(proxyHeader({ command: 0, family: 0x31 }))).toEqual({ bytes: 28 });
  });

  it.each<[string, Buffer]>([
    ['proxy-header-missing', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n')],
    ['proxy-header-missing', Buffer.from([0x16, 3, 1])],
    ['proxy-header-missing', Buffer.from('\r\n\r\n\0\r\nQUIX')],
    ['proxy-header-version', proxyHeader({ version: 1 })],
    ['proxy-header-command', proxyHeader({ command: 2 })],
    ['proxy-header-family', proxyHeader({ family: 0 })],
    ['proxy-header-family', proxyHeader({ family: 0x12 })],
    ['proxy-header-family', proxyHeader({ family: 0x31 })],
    ['proxy-header-length', proxyHeader({ length: 11 })],
    ['proxy-header-length', proxyHeader({ family: 0x21, length: 35 })],
    ['proxy-header-length', proxyHeader({ length: 0 })],
    ['proxy-header-length', proxyHeader({ length: 65_535 })],
    ['proxy-header-length', proxyHeader({ length: MAX_PROXY_HEADER_BYTES - 15 })],
    ['proxy-header-length', proxyHeader({ command: 0, length: 65_535 })],
  ])('is refused with %s', (code, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('is refused at the first byte that makes it wrong', () => {
    expect(codeOf(proxyHeader({ version: 3 }).subarray(0, 13))).toBe('proxy-header-version');
    expect(codeOf(proxyHeader({ family: 0x22 }).subarray(0, 14))).toBe('proxy-header-family');
    expect(codeOf(proxyHeader({ length: 2_000 }).subarray(0, 16))).toBe('proxy-header-length');
  });

  it('is never anything but read, waited for or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), valid, fc.nat(), fc.nat(255), (noise, fields, at, value) => {
        const changed = proxyHeader(fields);
        changed[at % changed.length] = value;
        for (const bytes of [Buffer.from(noise), changed]) {
          expect(codeOf(bytes)).toMatch(/^(?:more|read|proxy-header-[a-z]+)$/);
        }
      }),
    );
  });
});
