import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { parseCidrs } from '@app/tunnel-dialer';
import { WebhookReceiver } from '../../../../test/harness/webhook-receiver.js';
import { type ClientOptions, WebhookClient } from './webhook-client.js';

const LOOPBACK = parseCidrs(['127.0.0.1/32']);
const BODY = '{"type":"test","timestamp":"","data":{}}';

const clientOf = (options: Partial<ClientOptions> = {}): WebhookClient =>
  new WebhookClient({ allowed: LOOPBACK, plainLoopback: true, timeoutMs: 1_000, ...options });
const post = (url: string, options: Partial<ClientOptions> = {}) => clientOf(options).post(url, BODY, { a: 'b' });

describe('an attempt at a receiver', () => {
  let receiver: WebhookReceiver;
  let secure: WebhookReceiver;

  beforeAll(async () => {
    receiver = await WebhookReceiver.plain();
    secure = await WebhookReceiver.tls();
  });

  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await secure[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    receiver.answer = (response) => response.writeHead(204).end();
  });

  it('brings body and headers', async () => {
    expect(await post(receiver.url)).toMatchObject({ status: 204, error: null });
    expect(receiver.received.at(-1)).toMatchObject({ path: '/hook', body: BODY, headers: { a: 'b' } });
  });

  it.each([
    [200, null],
    [400, 'status'],
    [410, 'status'],
    [503, 'status'],
  ])('with the answer %d ends as %s', async (status, error) => {
    receiver.answer = (response) => response.writeHead(status, { 'retry-after': '7' }).end('x');
    const attempt = await post(receiver.url);
    expect(attempt).toMatchObject({ status, error });
    expect(attempt.retryAfterSeconds).toBe(error === null ? undefined : 7);
  });

  it('follows no redirect', async () => {
    const before = receiver.received.length;
    receiver.answer = (response) => response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end();
    expect(await post(receiver.url)).toMatchObject({ status: 307, error: 'redirect' });
    expect(receiver.received.length).toBe(before + 1);
  });

  it('does not wait for ever, neither for an answer nor for its end', async () => {
    receiver.answer = () => undefined;
    expect(await post(receiver.url)).toMatchObject({ status: null, error: 'timeout' });
    receiver.answer = (response) => void response.writeHead(200).write('x');
    expect(await post(receiver.url)).toMatchObject({ status: 200, error: null });
  });

  it('does not take in a body without an end', async () => {
    let cut: Promise<void> | undefined;
    receiver.answer = (response) => {
      cut = new Promise((resolve) => response.once('close', resolve));
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    expect(await post(receiver.url)).toMatchObject({ status: 200, error: null });
    await cut;
  });

  it('does not take headers without an end', async () => {
    receiver.answer = (response) => response.writeHead(200, { long: 'x'.repeat(20_000) }).end();
    expect(await post(receiver.url)).toMatchObject({ status: null, error: 'connection-failed' });
  });

  it('goes to the address that was judged, whatever the name leads to later', async () => {
    const answers = [['127.0.0.1'], ['203.0.113.7']];
    const resolve = async (): Promise<string[]> => answers.shift() ?? [];
    const url = `http://hook.test:${receiver.port}/hook`;
    expect(await post(url, { resolve })).toMatchObject({ status: 204 });
    expect(receiver.received.at(-1)?.headers['host']).toBe(`hook.test:${receiver.port}`);
  });

  it.each([
    ['127.0.0.2'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:10.0.0.1'],
    ['::ffff:169.254.169.254'],
    ['fd00:ec2::254'],
    ['64:ff9b::a00:1'],
    ['0.0.0.0'],
  ])('goes nowhere when the name leads to %s', async (address) => {
    const resolve = async (): Promise<string[]> => [address];
    expect(await post('https://hook.test/', { resolve })).toMatchObject({ status: null, error: 'address-not-allowed' });
  });

  it('goes nowhere by a real name of this machine unless that is allowed', async () => {
    const attempt = await post(`http://localhost:${receiver.port}/`, { allowed: [] });
    expect(attempt).toMatchObject({ error: 'address-not-allowed' });
  });

  it('takes the address that is allowed of several', async () => {
    const resolve = async (): Promise<string[]> => ['10.0.0.1', '127.0.0.1'];
    expect(await post(`http://hook.test:${receiver.port}/`, { resolve })).toMatchObject({ status: 204 });
  });

  it('says when the name is unknown, or is looked up for too long', async () => {
    const unknown = async (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'));
    expect(await post('https://hook.test/', { resolve: unknown })).toMatchObject({ error: 'name-unknown' });
    const slow = (): Promise<string[]> => new Promise(() => undefined);
    expect(await post('https://hook.test/', { resolve: slow })).toMatchObject({ error: 'timeout' });
  });

  it('is without TLS to loopback only, and only where that is allowed', async () => {
    expect(await post(receiver.url, { plainLoopback: false })).toMatchObject({ error: 'address-not-allowed' });
    const resolve = async (): Promise<string[]> => ['198.41.0.4'];
    expect(await post('http://hook.test/', { resolve })).toMatchObject({ error: 'address-not-allowed' });
  });

  it('trusts the authorities it is given, for the name it asked for', async () => {
    const ca = [secure.ca];
    expect(await post(secure.url, { ca })).toMatchObject({ status: 204, error: null });
    expect(await post(secure.url)).toMatchObject({ status: null, error: 'tls-failed' });
    const resolve = async (): Promise<string[]> => ['127.0.0.1'];
    const named = (name: string): string => `https://${name}:${secure.port}/hook`;
    expect(await post(named('hook.test'), { ca, resolve })).toMatchObject({ status: 204 });
    expect(await post(named('other.test'), { ca, resolve })).toMatchObject({ error: 'tls-failed' });
  });

  it('ends with the process that makes it', async () => {
    receiver.answer = () => undefined;
    const stop = new AbortController();
    const attempt = clientOf().post(receiver.url, BODY, {}, stop.signal);
    stop.abort();
    expect(await attempt).toMatchObject({ status: null, error: 'timeout' });
  });
});

describe('a receiver that is none', () => {
  it('is a failed connection: nobody there, or not HTTP', async () => {
    const server: Server = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('SSH-2.0-nothing\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({ status: null, error: 'connection-failed' });
    await new Promise((resolve) => server.close(resolve));
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({ status: null, error: 'connection-failed' });
  });
});
