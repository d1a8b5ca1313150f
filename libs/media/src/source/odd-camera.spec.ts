import { setTimeout as delay } from 'node:timers/promises';
import { ScriptedCamera, type Script } from '../../test/scripted-camera.js';
import type { AccessUnit } from '../access-unit.js';
import { encodeInterleaved, type RtspRequest } from '../rtsp/message.js';
import { RtspSource, type RtspSourceOptions } from './rtsp-source.js';
import type { OpenSource } from './source.js';

const sdp = ScriptedCamera.sdp;
const on =
  (method: string, answer: ReturnType<Script>): Script =>
  (request) =>
    request.method === method ? answer : undefined;
const describeWith = (body: string, headers: Record<string, string | undefined> = {}): Script =>
  on('DESCRIBE', { headers, body });
const sound = ['m=audio 0 RTP/AVP 8', 'a=control:sound', ''].join('\r\n');

/** Answers once as `script` says, from then on as a camera should. */
const once = (script: Script): Script => {
  let isOver = false;
  return (request, camera) => {
    const answer = isOver ? undefined : script(request, camera);
    isOver ||= answer !== undefined;
    return answer;
  };
};

/** The text of an answer as it is, in place of the one that the scripted camera would write. */
const raw =
  (method: string, write: (request: RtspRequest) => string): Script =>
  (request, camera) => {
    if (request.method !== method) return undefined;
    camera.write(Buffer.from(write(request), 'latin1'));
    return 'silence';
  };

const cseq = (request: RtspRequest): string => request.headers.get('cseq')!;

describe('RtspSource and odd cameras', () => {
  let camera: ScriptedCamera;
  let opened: OpenSource | undefined;
  const units: AccessUnit[] = [];
  const ended: string[] = [];

  const open = async (script: Script, options: Partial<RtspSourceOptions> = {}): Promise<OpenSource> => {
    camera = new ScriptedCamera(script);
    return reopen(new RtspSource(await camera.listen(), { requestTimeoutMs: 300, ...options }));
  };
  const reopen = async (source: RtspSource): Promise<OpenSource> => {
    const listener = {
      unit: (unit: AccessUnit): void => void units.push(unit),
      report: (): void => undefined,
      ended: (error: { code: string }): void => void ended.push(error.code),
    };
    opened = undefined;
    opened = await source.open(listener, new AbortController().signal);
    return opened;
  };
  const urlOf = (method: string): string =>
    camera.requests.find((request) => request.method === method)!.url.replace(/^rtsp:\/\/127\.0\.0\.1(:\d+)?/, '');
  const count = (method: string): number => camera.methods.filter((one) => one === method).length;

  afterEach(async () => {
    await opened?.close();
    await camera.close();
    for (const list of [units, ended]) list.length = 0;
  });

  it.each<[string, Script]>([
    [
      'writes header names in lower case and values with blanks around',
      raw(
        'DESCRIBE',
        (request) =>
          `RTSP/1.0 200 OK\r\ncseq:   ${cseq(request)}  \r\ncontent-type :application/sdp\r\ncontent-length:  ${sdp.length} \r\n\r\n${sdp}`,
      ),
    ],
    [
      'ends its lines with LF alone',
      raw('DESCRIBE', (request) => {
        const body = sdp.replaceAll('\r\n', '\n');
        return `RTSP/1.0 200 OK\nCSeq: ${cseq(request)}\nContent-Length: ${body.length}\n\n${body}`;
      }),
    ],
    [
      'writes more blanks than it should into the status line',
      raw('SETUP', (request) => `RTSP/1.0  200  OK \r\nCSeq: ${cseq(request)}\r\nSession: abc\r\n\r\n`),
    ],
    ['gives no reason behind the status', raw('PLAY', (request) => `RTSP/1.0 200\r\nCSeq: ${cseq(request)}\r\n\r\n`)],
    [
      'numbers an answer wrong once',
      once(raw('DESCRIBE', () => `RTSP/1.0 200 OK\r\nCSeq: 77\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`)),
    ],
    ['does not number an answer', once(raw('SETUP', () => 'RTSP/1.0 200 OK\r\nSession: abc\r\n\r\n'))],
    ['does not know OPTIONS', on('OPTIONS', { status: 501, headers: {} })],
    ['leaves out Transport, RTP-Info and the time-out', on('SETUP', { headers: { Session: 'abc' } })],
    [
      'sends media of an old session while it describes',
      on('DESCRIBE', {
        before: Buffer.concat(Array.from({ length: 20 }, () => encodeInterleaved(0, Buffer.alloc(900, 0x80)))),
        headers: {},
        body: sdp,
      }),
    ],
    ['names a relative base', describeWith(sdp, { 'Content-Base': 'cam/' })],
    [
      'describes tracks of kinds that nobody knows',
      describeWith(
        `${sdp}m=text 0 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\nm=application 0 TCP/WSS *\r\nm=video 0 RTP/SAVP 99\r\nm=\r\n`,
      ),
    ],
    [
      'leaves out everything of the description that can be left out',
      describeWith('v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000'),
    ],
    [
      'redirects to another path of its own',
      (request) =>
        request.method === 'DESCRIBE' && !request.url.endsWith('/other')
          ? { status: 302, headers: { Location: request.url.replace('/cam', '/other') }, body: '' }
          : undefined,
    ],
    [
      'redirects by a path alone',
      (request) =>
        request.method === 'DESCRIBE' && !request.url.endsWith('/other')
          ? { status: 301, headers: { Location: '/other' }, body: '' }
          : undefined,
    ],
  ])('plays a camera that %s', async (_title, script) => {
    await open(script);
    camera.sendUnit();
    await poll(() => units.length === 1);
    expect(ended).toEqual([]);
  });

  it.each<[string, Script]>([
    [
      'to another port of its own',
      (request) => ({ status: 302, headers: { Location: request.url.replace(/:\d+/, ':22') } }),
    ],
    ['to itself by another name', () => ({ status: 302, headers: { Location: 'rtsp://localhost/cam' } })],
    ['to nowhere', () => ({ status: 302, headers: {}, body: '' })],
    ['to what is no URL', () => ({ status: 302, headers: { Location: 'rtsp://' } })],
  ])('does not follow a camera that redirects %s', async (_title, script) => {
    const opening = open((request, self) => (request.method === 'DESCRIBE' ? script(request, self) : undefined));
    await expect(opening).rejects.toMatchObject({ code: 'camera-foreign-host' });
    expect(count('DESCRIBE')).toBe(1);
  });

  it('gives up on a camera that redirects in a circle', async () => {
    const opening = open((request) =>
      request.method === 'DESCRIBE' ? { status: 302, headers: { Location: request.url } } : undefined,
    );
    await expect(opening).rejects.toMatchObject({ code: 'camera-refused' });
    expect(count('DESCRIBE')).toBe(4);
  });

  it.each([
    ['track1?channel=1&sub=2', {}, '/cam/track1?channel=1&sub=2'],
    ['rtsp://127.0.0.1/Streaming/Channels/101/trackID=1?ssrc=7', {}, '/Streaming/Channels/101/trackID=1?ssrc=7'],
    ['trackID=1', { 'Content-Base': undefined }, '/cam/trackID=1'],
    ['trackID=1', { 'Content-Base': undefined, 'Content-Location': 'rtsp://127.0.0.1/loc' }, '/loc/trackID=1'],
  ])('sets up control %s with %j', async (control, headers, url) => {
    await open(describeWith(sdp.replace('track1', control), headers));
    expect(urlOf('SETUP')).toBe(url);
  });

  it('plays sound alone', async () => {
    const body = `v=0\r\ns=-\r\n${sound}`;
    const { description } = await open(describeWith(body));
    expect(description.tracks).toMatchObject([{ kind: 'audio', codec: 'PCMA' }]);
    camera.write(encodeInterleaved(0, Buffer.from([0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0xd5])));
    await poll(() => units.length === 1);
  });

  it('shows the picture of a camera that refuses its sound', async () => {
    const script: Script = (request) => {
      if (request.method === 'DESCRIBE') return { headers: {}, body: sdp.replace('m=video', `${sound}m=video`) };
      return request.url.endsWith('/sound') ? { status: 461, headers: {} } : undefined;
    };
    const { description } = await open(script);
    expect(description.tracks).toMatchObject([{ kind: 'video', index: 0 }]);
    camera.sendUnit();
    await poll(() => units.length === 1);
  });

  describe('that ask for the password', () => {
    const credentials = { user: 'admin', password: 'p' };
    const asks = (nonce: string, more = ''): { status: number; headers: Record<string, string>; body: string } => ({
      status: 401,
      headers: { 'WWW-Authenticate': `Digest realm="cam", nonce="${nonce}"${more}` },
      body: '',
    });
    const nonceOf = (request: RtspRequest): string | undefined =>
      /nonce="(\w+)"/.exec(request.headers.get('authorization') ?? '')?.[1];

    it('again on PLAY, with another nonce', async () => {
      await open(
        (request) => {
          const wanted = request.method === 'PLAY' ? 'second' : 'first';
          return nonceOf(request) === wanted ? undefined : asks(wanted);
        },
        { credentials },
      );
      expect(count('PLAY')).toBe(2);
    });

    it('anew on every request, because each nonce is good for one', async () => {
      let issued = 0;
      let isUsed = true;
      const script: Script = (request) => {
        const isGood = !isUsed && nonceOf(request) === `n${issued}`;
        isUsed = isGood;
        return isGood ? undefined : asks(`n${++issued}`, ', stale=TRUE');
      };
      await open(script, { credentials });
      const each = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'].map(count);
      expect(each).toEqual([2, 2, 2, 2]);
    });

    it('on a keep-alive', async () => {
      let fresh = '';
      await open(
        (request) => {
          if (request.method === 'SETUP')
            return { headers: { Session: 'abc;timeout=1', Transport: request.headers.get('transport')! } };
          if (request.method !== 'GET_PARAMETER') return undefined;
          if (nonceOf(request) === 'k') fresh = request.url;
          return fresh === '' ? asks('k') : undefined;
        },
        { credentials },
      );
      await poll(() => fresh !== '');
      expect(ended).toEqual([]);
    });
  });

  describe('that do not bear to be kept alive', () => {
    const short: Script = (request) =>
      request.method === 'SETUP'
        ? { headers: { Session: 'abc;timeout=1', Transport: request.headers.get('transport')! } }
        : undefined;

    it.each<[string, ReturnType<Script>]>([
      ['refuse', { status: 454 }],
      ['ignore', 'silence'],
    ])('%s GET_PARAMETER and get OPTIONS, while the session goes on', async (_title, answer) => {
      await open((request, self) => (request.method === 'GET_PARAMETER' ? answer : short(request, self)));
      await poll(() => count('OPTIONS') >= 2);
      expect(count('GET_PARAMETER')).toBe(1);
      expect(ended).toEqual([]);
    });

    it('close the connection over it, and are spared it in the next session', async () => {
      camera = new ScriptedCamera((request, self) => {
        if (request.method !== 'GET_PARAMETER') return short(request, self);
        self.hangUp();
        return 'silence';
      });
      const source = new RtspSource(await camera.listen(), { requestTimeoutMs: 300 });
      await reopen(source);
      const sending = setInterval(() => camera.sendUnit(), 50);
      try {
        await poll(() => ended.length === 1);
        await reopen(source);
        await delay(700);
        expect(count('GET_PARAMETER')).toBe(1);
        expect(count('OPTIONS')).toBeGreaterThan(2);
        expect(ended).toEqual(['camera-closed']);
      } finally {
        clearInterval(sending);
      }
    });

    it.each(['abc;timeout=0', 'abc; timeout = "1"', 'abc;timeout=never', ' abc ;Timeout=99999;x', 'abc;timeout=-5'])(
      'say Session: %s',
      async (session) => {
        await open((request) =>
          request.method === 'SETUP'
            ? { headers: { Session: session, Transport: request.headers.get('transport')! } }
            : undefined,
        );
        expect(camera.requests.at(-1)!.headers.get('session')).toBe('abc');
        if (session.includes('"1"')) await poll(() => count('GET_PARAMETER') > 0);
        else await delay(50);
        expect(count('GET_PARAMETER')).toBeLessThan(3);
      },
    );
  });
});

async function poll(done: () => boolean, limitMs = 5000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('not in time');
    await delay(5);
  }
}
