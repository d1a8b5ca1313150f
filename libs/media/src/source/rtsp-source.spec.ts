import type { AccessUnit, SenderReport } from '../access-unit.js';
import { writeSenderReport } from '../rtp/control-packet.js';
import { encodeInterleaved } from '../rtsp/message.js';
import { ScriptedCamera, type Script } from '../../test/scripted-camera.js';
import { RtspSource, type RtspSourceOptions } from './rtsp-source.js';
import type { OpenSource } from './source.js';

describe('RtspSource', () => {
  let camera: ScriptedCamera;
  let opened: OpenSource | undefined;
  const units: AccessUnit[] = [];
  const reports: SenderReport[] = [];
  const ended: string[] = [];

  async function open(
    script: Script,
    options: Partial<RtspSourceOptions> = {},
    rewrite = (url: string): string => url,
  ): Promise<OpenSource> {
    camera = new ScriptedCamera(script);
    const url = rewrite(await camera.listen());
    const listener = {
      unit: (unit: AccessUnit): void => void units.push(unit),
      report: (report: SenderReport): void => void reports.push(report),
      ended: (error: { code: string }): void => void ended.push(error.code),
    };
    opened = undefined;
    opened = await new RtspSource(url, { requestTimeoutMs: 300, ...options }).open(
      listener,
      new AbortController().signal,
    );
    return opened;
  }

  afterEach(async () => {
    await opened?.close();
    await camera.close();
    for (const list of [units, reports, ended]) list.length = 0;
  });

  const on =
    (method: string, answer: ReturnType<Script>): Script =>
    (request) =>
      request.method === method ? answer : undefined;
  const describeWith = (body: string, headers: Record<string, string> = {}): Script =>
    on('DESCRIBE', { headers, body });

  it('plays in the order OPTIONS, DESCRIBE, SETUP, PLAY and ends with TEARDOWN', async () => {
    const source = await open(() => undefined);
    await source.close();
    await source.close();
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(camera.requests[2].url).toMatch(/\/cam\/track1$/);
    expect(camera.requests[3].headers.get('session')).toBe('abc');
    expect(ended).toEqual([]);
  });

  it.each([
    ['without Content-Base and without a control', ScriptedCamera.sdp.replace('a=control:track1\r\n', ''), {}, '/cam'],
    [
      'with a query in the base',
      ScriptedCamera.sdp,
      { 'Content-Base': 'rtsp://127.0.0.1/cam?channel=1/' },
      '/cam?channel=1/track1',
    ],
    ['with lower-case header names', ScriptedCamera.sdp, { 'content-base': 'rtsp://127.0.0.1/x/' }, '/x/track1'],
    [
      'with an absolute control',
      ScriptedCamera.sdp.replace('control:track1', 'control:rtsp://127.0.0.1/abs/t'),
      {},
      '/abs/t',
    ],
    [
      'with a control that begins with a slash',
      ScriptedCamera.sdp.replace('control:track1', 'control:/root/t'),
      {},
      '/root/t',
    ],
  ])('sets up a camera %s', async (_title, body, headers, suffix) => {
    await open(describeWith(body, headers));
    const setUp = camera.requests.find((request) => request.method === 'SETUP')!;
    expect(setUp.url.replace(/^rtsp:\/\/127\.0\.0\.1(:\d+)?/, '')).toBe(suffix);
  });

  it.each([
    [
      'a control on another host',
      describeWith(ScriptedCamera.sdp.replace('control:track1', 'control:rtsp://10.0.0.1/t')),
      'camera-foreign-host',
    ],
    [
      'a base on another host',
      describeWith(ScriptedCamera.sdp, { 'Content-Base': 'rtsp://evil.example/cam/' }),
      'camera-foreign-host',
    ],
    [
      'a redirect',
      on('DESCRIBE', { status: 302, headers: { Location: 'rtsp://10.0.0.1/' }, body: '' }),
      'camera-foreign-host',
    ],
    ['a missing stream', on('DESCRIBE', { status: 404, body: '' }), 'camera-not-found'],
    ['a challenge without credentials', on('DESCRIBE', { status: 401, body: '' }), 'camera-unauthorized'],
    ['no media', describeWith('v=0\r\ns=-\r\n'), 'camera-no-media'],
    ['no SDP', describeWith('<html>'), 'sdp-malformed'],
    [
      'UDP in answer to TCP',
      on('SETUP', { headers: { Session: 'a', Transport: 'RTP/AVP;client_port=1-2' } }),
      'camera-transport-refused',
    ],
    ['silence', on('DESCRIBE', 'silence'), 'camera-timeout'],
    ['a full camera', on('PLAY', { status: 453 }), 'camera-refused'],
  ])('refuses %s with a code of its own', async (_title, script, code) => {
    await expect(open(script)).rejects.toMatchObject({ code });
    expect(ended).toEqual([]);
  });

  it('refuses a port where nobody listens', async () => {
    camera = new ScriptedCamera();
    const url = await camera.listen();
    await camera.close();
    const listener = { unit: (): void => undefined, report: (): void => undefined, ended: (): void => undefined };
    const opening = new RtspSource(url).open(listener, new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: 'camera-unreachable' });
    await camera.listen();
  });

  it('takes credentials from the URL, answers a Digest challenge and never sends them in the URL', async () => {
    const challenge = { status: 401, headers: { 'WWW-Authenticate': 'Digest realm="cam", nonce="n1"' }, body: '' };
    await open(
      (request) => (request.method === 'OPTIONS' || request.headers.get('authorization') ? undefined : challenge),
      {},
      (url) => url.replace('rtsp://', 'rtsp://admin:p%40ss@'),
    );
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY']);
    expect(camera.requests[2].headers.get('authorization')).toMatch(/^Digest username="admin"/);
    expect(camera.requests.every((request) => !request.url.includes('@'))).toBe(true);
  });

  it('tries a refused password once, so that it does not lock the account', async () => {
    const challenge = { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="cam"' }, body: '' };
    const opening = open(on('DESCRIBE', challenge), { credentials: { user: 'a', password: 'b' } });
    await expect(opening).rejects.toMatchObject({ code: 'camera-unauthorized' });
    expect(camera.methods).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE']);
  });

  it.each([
    ['GET_PARAMETER when it is public', 'DESCRIBE, GET_PARAMETER', 'GET_PARAMETER'],
    ['OPTIONS when it is not', 'DESCRIBE', 'OPTIONS'],
  ])('keeps the session alive at half its time-out with %s', async (_title, methods, expected) => {
    const script: Script = (request) => {
      if (request.method === 'OPTIONS') return { headers: { Public: methods } };
      if (request.method !== 'SETUP') return undefined;
      return { headers: { Session: 'abc;timeout=1', Transport: request.headers.get('transport')! } };
    };
    await open(script);
    await poll(() => camera.methods.slice(4).includes(expected));
  });

  it('delivers units and sender reports, also across rubbish between frames and before the answer to PLAY', async () => {
    const early = Buffer.from('$\u0000\u0000\u0010', 'latin1');
    const rtp = Buffer.alloc(16);
    rtp.set([0x80, 0xe0], 0);
    rtp[12] = 0x65;
    await open(on('PLAY', { before: Buffer.concat([early, rtp]), headers: { Session: 'abc' } }));
    camera.write(
      encodeInterleaved(1, writeSenderReport({ ssrc: 5, ntp: 7n << 32n, timestamp: 9, packets: 0, octets: 0 })),
    );
    camera.sendUnit(Buffer.from([1, 2, 3, 0x24, 99]));
    await poll(() => units.length === 2 && reports.length === 1);
    expect(reports).toEqual([{ track: 0, ntp: 7n << 32n, timestamp: 9 }]);
  });

  it('ends when the camera is silent, says BYE or hangs up', async () => {
    await open(() => undefined, { silenceMs: 40 });
    await poll(() => ended.length === 1);
    await camera.close();
    await open(() => undefined);
    camera.write(encodeInterleaved(1, Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 5])));
    await poll(() => ended.length === 2);
    await camera.close();
    await open(() => undefined);
    await camera.close();
    await poll(() => ended.length === 3);
    expect(ended).toEqual(['camera-silent', 'camera-closed', 'camera-closed']);
    await camera.listen();
  });
});

async function poll(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}
