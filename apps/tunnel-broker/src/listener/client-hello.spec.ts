import { connect } from 'node:tls';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { clientHello } from './client-hello.kit.js';
import { ClientHelloError, hasClientHello, MAX_CLIENT_HELLO_BYTES } from './client-hello.js';

const judge = (bytes: Buffer): string => {
  try {
    return hasClientHello(bytes) ? 'whole' : 'more';
  } catch (error) {
    return error instanceof ClientHelloError ? error.code : String(error);
  }
};

/** What OpenSSL sends first. */
const realHello = (): Promise<Buffer> =>
  new Promise((resolve) => {
    const socket = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connect({ socket, servername: 'broker.example', ALPNProtocols: ['adit-tunnel/1'] }).on('error', () => undefined);
  });

describe('the first bytes of a TLS client', () => {
  it('of OpenSSL are a ClientHello when all of them are there', async () => {
    const hello = await realHello();
    expect(judge(hello)).toBe('whole');
    expect(judge(Buffer.concat([hello, Buffer.from('more')]))).toBe('whole');
    for (let end = 0; end < hello.length; end++) expect(judge(hello.subarray(0, end))).toBe('more');
  });

  it('may come in several records', () => {
    const hello = clientHello(1_000, 300);
    for (let end = 0; end < hello.length; end++) expect(judge(hello.subarray(0, end))).toBe('more');
    expect(judge(hello)).toBe('whole');
  });

  it.each<[string, string, Buffer]>([
    ['HTTP', 'not-tls', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a PROXY header that nobody asked for', 'not-tls', Buffer.from('\r\n\r\n\0\r\nQUIT\n')],
    ['another record', 'not-tls', Buffer.from([23, 3, 3])],
    ['another version', 'not-tls', Buffer.from([22, 2])],
    ['another handshake message', 'not-tls', Buffer.from([22, 3, 1, 0, 40, 2])],
    ['an empty record', 'not-tls', Buffer.from([22, 3, 1, 0, 0])],
    ['records of one byte', 'not-tls', clientHello(40, 1)],
    ['a record beyond the cap', 'hello-too-large', Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 1, 0])],
    ['a message beyond the cap', 'hello-too-large', clientHello(MAX_CLIENT_HELLO_BYTES).subarray(0, 9)],
    ['the longest message there is', 'hello-too-large', Buffer.from([22, 3, 1, 0, 40, 1, 255, 255, 255])],
  ])('are not %s', (_case, code, bytes) => {
    expect(judge(bytes)).toBe(code);
  });

  it('are judged without an exception of another kind, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(63), fc.nat(255), (noise, at, value) => {
        const changed = clientHello(59);
        changed[at] = value;
        for (const bytes of [Buffer.from(noise), changed])
          expect(judge(bytes)).toMatch(/^(?:more|whole|not-tls|hello-too-large)$/);
      }),
    );
  });
});
