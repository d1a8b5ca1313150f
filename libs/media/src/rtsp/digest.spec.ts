import { digestSecretOf } from '@app/contracts';
import { Authorization } from './authorization.js';
import { DigestServer, responseOf } from './digest.js';

const URL_OF_CAMERA = 'rtsp://host:8554/site/gate/live';
const secret = digestSecretOf('user', 'right', 'Adit');

/** An answer by the client of this lib, which other specs hold against real cameras. */
const answerTo = (
  server: DigestServer,
  { password = 'right', method = 'DESCRIBE', uri = URL_OF_CAMERA, only = /./ } = {},
): string => {
  const client = new Authorization({ user: 'user', password });
  client.accept(server.challenges(false).filter((challenge) => only.test(challenge)));
  return client.header(method, uri) ?? '';
};

const judge = (server: DigestServer, header: string, method = 'DESCRIBE', url = URL_OF_CAMERA) => {
  const credentials = server.read(header, method, url);
  return credentials && { ...credentials, isRight: credentials.verify(secret) };
};

describe('the response of Digest', () => {
  const { md5, sha256 } = digestSecretOf('Mufasa', 'Circle of Life', 'http-auth@example.org');
  const example = {
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    uri: '/dir/index.html',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    count: 1,
    countText: '00000001',
  };

  it.each([
    ['md5', md5, '8ca523f5e9506fed4657c9700eebdbec'],
    ['sha256', sha256, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('is that of RFC 7616 section 3.9.1 for %s', (hash, kept, response) => {
    expect(responseOf({ ...example, hash }, 'GET', kept)).toBe(response);
  });
});

describe('DigestServer', () => {
  let now: number;
  let server: DigestServer;
  beforeEach(() => {
    now = 0;
    server = new DigestServer('Adit', () => now);
  });

  it('offers SHA-256 and, as the last, MD5, with one nonce', () => {
    const challenges = server.challenges(false);
    expect(challenges.map((text) => /algorithm=(\S+)$/.exec(text)?.[1])).toEqual(['SHA-256', 'MD5']);
    expect(new Set(challenges.map((text) => /nonce="([^"]+)"/.exec(text)?.[1])).size).toBe(1);
    expect(server.challenges(true)[0]).toContain('stale=true');
  });

  it.each([/SHA-256/, /MD5/])('takes the right password by %s, and no other', (only) => {
    expect(judge(server, answerTo(server, { only }))).toMatchObject({
      username: 'user',
      isStale: false,
      isRight: true,
    });
    expect(judge(server, answerTo(server, { only, password: 'wrong' }))?.isRight).toBe(false);
  });

  it('takes MD5 without qop, as players of before RFC 2617 send it, and no SHA-256 without it', () => {
    const [sha, md5] = server.challenges(false).map((text) => text.replace(/, qop="auth"/, ''));
    const plain = (challenge = ''): string => {
      const client = new Authorization({ user: 'user', password: 'right' });
      client.accept([challenge]);
      return client.header('DESCRIBE', URL_OF_CAMERA) ?? '';
    };
    expect(judge(server, plain(md5))).toMatchObject({ isStale: false, isRight: true });
    expect(() => judge(server, plain(sha))).toThrow('lacks qop');
  });

  it.each([
    ['from the slash on', '/site/gate/live'],
    ['with the track of the SETUP', `${URL_OF_CAMERA}/trackID=0`],
    ['with a slash behind it', `${URL_OF_CAMERA}/`],
    ['by another name of the server', 'rtsp://192.0.2.1/site/gate/live'],
  ])('takes the URL %s', (_title, uri) => {
    expect(judge(server, answerTo(server, { uri }))?.isRight).toBe(true);
  });

  it('refuses an answer for another stream or another method', () => {
    expect(() => judge(server, answerTo(server, { uri: '/site/yard/live' }))).toThrow('another URL');
    expect(judge(server, answerTo(server, { method: 'SETUP' }))?.isRight).toBe(false);
  });

  it('takes each answer once', () => {
    const header = answerTo(server);
    expect(judge(server, header)?.isRight).toBe(true);
    expect(judge(server, header)).toMatchObject({ isStale: true, isRight: false });
  });

  it('takes no two of the same answer that are judged at once', () => {
    const header = answerTo(server);
    const both = [server.read(header, 'DESCRIBE', URL_OF_CAMERA), server.read(header, 'DESCRIBE', URL_OF_CAMERA)];
    expect(both.map((credentials) => credentials?.verify(secret))).toEqual([true, false]);
  });

  it('calls what was overheard on another connection stale, and what waited too long', () => {
    const header = answerTo(new DigestServer('Adit'));
    expect(judge(server, header)).toMatchObject({ isStale: true, isRight: false });
    const late = answerTo(server);
    now = 300_001;
    expect(judge(server, late)).toMatchObject({ isStale: true, isRight: false });
    expect(judge(server, answerTo(server))?.isRight).toBe(true);
  });

  it('begins with a new nonce after a stale answer, so that clients may count from 1 again', () => {
    judge(server, answerTo(server));
    const client = new Authorization({ user: 'user', password: 'right' });
    client.accept(server.challenges(true));
    expect(judge(server, client.header('DESCRIBE', URL_OF_CAMERA) ?? '')?.isRight).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Basic dXNlcjpyaWdodA=='],
    ['another realm', 'Digest username="user", realm="x", nonce="n", uri="/site/gate/live", response="r"'],
  ])('reads %s as no answer', (_title, header) => {
    expect(server.read(header, 'DESCRIBE', URL_OF_CAMERA)).toBeUndefined();
  });

  it.each([
    ['without a username', (text: string) => text.replace(/username="user", /, '')],
    ['with two usernames', (text: string) => `${text}, username="other"`],
    ['of an algorithm that was not offered', (text: string) => text.replace(/algorithm=SHA-256/, 'algorithm=SHA-512')],
    ['of a session', (text: string) => text.replace(/algorithm=SHA-256/, 'algorithm=MD5-sess')],
    ['of an inherited name', (text: string) => text.replace(/algorithm=SHA-256/, 'algorithm=constructor')],
    ['with another qop', (text: string) => text.replace(/qop=auth/, 'qop=auth-int')],
    ['with a count that is none', (text: string) => text.replace(/nc=\d+/, 'nc=zzzzzzzz')],
    ['beyond 4 KiB', (text: string) => `${text}, opaque="${'x'.repeat(4096)}"`],
  ])('refuses one %s', (_title, change) => {
    expect(() => judge(server, change(answerTo(server)))).toThrow(expect.objectContaining({ status: 400 }));
  });

  it('compares responses of any length and alphabet', () => {
    for (const response of ['', 'ü'.repeat(64), '0'.repeat(64), '0'.repeat(63)]) {
      const header = answerTo(server).replace(/response="[^"]*"/, `response="${response}"`);
      if (response === '') expect(() => judge(server, header)).toThrow('lacks response');
      else expect(judge(server, header)?.isRight).toBe(false);
    }
  });
});
