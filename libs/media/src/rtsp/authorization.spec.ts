import { createHash } from 'node:crypto';
import { Authorization } from './authorization.js';

const credentials = { user: 'Mufasa', password: 'Circle of Life' };
const digest = (more: string): string =>
  `Digest realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"${more}`;

describe('Authorization', () => {
  it('answers Digest MD5 without qop as RFC 2069 computes it', () => {
    const authorization = new Authorization(credentials);
    authorization.accept(['Digest realm="r", nonce="n"']);
    // md5(md5("Mufasa:r:Circle of Life") ":n:" md5("DESCRIBE:rtsp://h/p"))
    expect(authorization.header('DESCRIBE', 'rtsp://h/p')).toBe(
      'Digest username="Mufasa", realm="r", nonce="n", uri="rtsp://h/p", response="5e78e7b2db7108bc9dc97255b8e99827"',
    );
  });

  it('prefers SHA-256 over MD5 over Basic, also when all stand in one header', () => {
    const authorization = new Authorization(credentials);
    authorization.accept([
      `Basic realm="x", ${digest(', algorithm=MD5')}, ${digest(', algorithm=SHA-256, qop="auth"')}`,
    ]);
    expect(authorization.header('DESCRIBE', '/')).toMatch(/algorithm=SHA-256, qop=auth, nc=00000001, cnonce="/);
    expect(authorization.header('SETUP', '/')).toMatch(/nc=00000002/);
  });

  it('gives up when the same password is refused twice, but not for a stale nonce', () => {
    const authorization = new Authorization(credentials);
    expect(authorization.accept([digest('')])).toBe(true);
    expect(authorization.accept([digest(', stale=true')])).toBe(true);
    expect(authorization.accept([digest('')])).toBe(false);
    authorization.confirm();
    expect(authorization.accept([digest('')])).toBe(true);
  });

  it('gives up on a camera that calls every nonce stale', () => {
    const authorization = new Authorization(credentials);
    const stale = Array.from({ length: 5 }, () => authorization.accept([digest(', stale=true')]));
    expect(stale).toEqual([true, true, true, false, false]);
  });

  it.each([
    ['a digest that it knows', [digest('')]],
    ['a digest that it does not know', [digest(', algorithm=SHA-3')]],
    ['a digest without a nonce', ['Digest realm="r"']],
    ['a protection that it does not know', [digest(', qop="auth-conf"')]],
  ])('never gives the password away by Basic beside %s', (_title, beside) => {
    const authorization = new Authorization(credentials);
    authorization.accept(['Basic realm="x"', ...beside]);
    expect(authorization.header('DESCRIBE', '/') ?? '').not.toMatch(/^Basic/);
  });

  it.each([
    ['algorithm=MD5-sess, qop="auth"', 'md5', 'auth'],
    ['algorithm=SHA-256-sess, qop="auth,auth-int"', 'sha256', 'auth'],
    ['algorithm=SHA-512-256, qop="auth-int"', 'sha512-256', 'auth-int'],
    ['algorithm="MD5", qop=auth', 'md5', 'auth'],
  ])('answers %s, with one client nonce for all answers to a nonce', (more, algorithm, qop) => {
    const hash = (text: string): string => createHash(algorithm).update(text).digest('hex');
    const authorization = new Authorization({ user: 'u', password: 'p' });
    expect(authorization.accept([`Digest realm="r", nonce="n", ${more}`])).toBe(true);
    const nonces = [1, 2].map((count) => {
      const header = authorization.header('PLAY', 'rtsp://h/')!;
      const cnonce = /cnonce="(\w+)"/.exec(header)![1];
      const plain = hash('u:r:p');
      const first = more.includes('-sess') ? hash(`${plain}:n:${cnonce}`) : plain;
      const second = hash(`PLAY:rtsp://h/${qop === 'auth-int' ? `:${hash('')}` : ''}`);
      expect(header).toContain(`response="${hash(`${first}:n:0000000${count}:${cnonce}:${qop}:${second}`)}"`);
      return cnonce;
    });
    expect(nonces[0]).toBe(nonces[1]);
  });

  it('uses Basic when nothing else is offered and refuses unknown schemes', () => {
    const authorization = new Authorization(credentials);
    expect(authorization.accept(['Negotiate'])).toBe(false);
    expect(authorization.accept(['Basic realm="x"'])).toBe(true);
    expect(authorization.header('OPTIONS', '*')).toBe(
      `Basic ${Buffer.from('Mufasa:Circle of Life').toString('base64')}`,
    );
  });
});
