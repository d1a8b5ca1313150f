import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TunnelDialer, type TunnelDialerOptions } from './dialer.js';
import { DialError } from './errors.js';
import { refuse, startIngress, type TestIngress } from './ingress.kit.js';

const TENANT = '01900000-0000-7000-8000-000000000001';
const request = { tenantId: TENANT, class: 'control' as const, user: 'anna' };
const open: { close: () => unknown }[] = [];

const dialer = (options: Partial<TunnelDialerOptions>): TunnelDialer =>
  new TunnelDialer({
    domain: 'adit.internal',
    routes: () => Promise.resolve(null),
    mint: (claims, brokerId) => Promise.resolve(`${brokerId}/${claims.service}/${claims.site}`),
    direct: { allowCidrs: [] },
    timeoutMs: 2_000,
    ...options,
  });

const routeTo = (ingress: TestIngress, brokerId = 'b1') =>
  Promise.resolve({ brokerId, ingress: ingress.address, ingressTls: false });

const ingressThat = async (answer: (socket: Socket) => void): Promise<TestIngress> => {
  const ingress = await startIngress(answer);
  open.push(ingress);
  return ingress;
};

const codeOf = (dialling: Promise<Socket>): Promise<string> =>
  dialling.then(
    () => 'connected',
    (error: unknown) => (error instanceof DialError ? error.code : String(error)),
  );

const echoServer = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return { server, port: (server.address() as AddressInfo).port };
};

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

describe('a dial through a tunnel', () => {
  const address = 'Directory.Hamburg.tunnel.adit.internal';

  it('asks the owner of the site by CONNECT with a ticket for that broker', async () => {
    const ingress = await ingressThat((socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    const socket = await dialer({ routes: () => routeTo(ingress) }).dial({ ...request, address });
    expect(ingress.requests[0]?.url).toBe('directory.hamburg.tunnel.adit.internal:5500');
    expect(ingress.requests[0]?.headers['proxy-authorization']).toBe('Bearer b1/directory/hamburg');
    socket.destroy();
  });

  it('hands over what the service said together with the answer', async () => {
    const ingress = await ingressThat((socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\nwelcome'));
    const socket = await dialer({ routes: () => routeTo(ingress) }).dial({ ...request, address });
    expect(String((await once(socket, 'data'))[0])).toBe('welcome');
    socket.destroy();
  });

  it('says that a site without a route is offline', async () => {
    expect(await codeOf(dialer({}).dial({ ...request, address }))).toBe('site-offline');
  });

  it.each([
    [503, 'site-offline', 'site-offline'],
    [404, 'not-found', 'site-unknown'],
    [403, 'unknown-service', 'unknown-service'],
    [403, 'dial-refused', 'dial-refused'],
    [502, 'dial-failed', 'site-unreachable'],
    [503, 'over-capacity', 'over-capacity'],
    [407, 'ticket-used', 'ticket-refused'],
    [500, 'constructor', 'site-unreachable'],
  ])('translates %i %s into %s', async (status, given, code) => {
    const ingress = await ingressThat(refuse(status, given));
    expect(await codeOf(dialer({ routes: () => routeTo(ingress) }).dial({ ...request, address }))).toBe(code);
  });

  it('tries a fresh route once when the broker has been replaced', async () => {
    const old = await ingressThat(refuse(407, 'ticket-invalid'));
    const ingress = await ingressThat((socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    let asked = 0;
    const routes = () => (asked++ === 0 ? routeTo(old, 'old') : routeTo(ingress, 'new'));
    const socket = await dialer({ routes }).dial({ ...request, address });
    expect(ingress.requests[0]?.headers['proxy-authorization']).toBe('Bearer new/directory/hamburg');
    socket.destroy();
  });

  it('says that the site is unreachable when its broker does not answer', async () => {
    const ingress = await startIngress(() => undefined);
    await ingress.close();
    expect(await codeOf(dialer({ routes: () => routeTo(ingress) }).dial({ ...request, address }))).toBe(
      'site-unreachable',
    );
  });

  it('gives up in time and on demand', async () => {
    const silent = await ingressThat(() => undefined);
    const routes = () => routeTo(silent);
    expect(await codeOf(dialer({ routes, timeoutMs: 50 }).dial({ ...request, address }))).toBe('dial-timeout');
    const abort = new AbortController();
    const dialling = codeOf(dialer({ routes }).dial({ ...request, address, signal: abort.signal }));
    abort.abort();
    expect(await dialling).toBe('dial-aborted');
    expect(
      await codeOf(dialer({ routes: () => new Promise(() => undefined), timeoutMs: 20 }).dial({ ...request, address })),
    ).toBe('dial-timeout');
  });

  it('refuses a malformed tunnel name without asking anybody', async () => {
    expect(await codeOf(dialer({}).dial({ ...request, address: 'a.b.c.tunnel.adit.internal' }))).toBe(
      'address-invalid',
    );
  });
});

describe('a direct dial', () => {
  it('connects to an address that the deployment allows', async () => {
    const { port } = await echoServer();
    const socket = await dialer({ direct: { allowCidrs: ['127.0.0.0/8'] } }).dial({
      ...request,
      address: `127.0.0.1:${port}`,
    });
    socket.write('ping');
    expect(String((await once(socket, 'data'))[0])).toBe('ping');
    socket.destroy();
  });

  it.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1'])('refuses %s by default', async (host) => {
    expect(await codeOf(dialer({}).dial({ ...request, address: `${host}:5500` }))).toBe('address-not-allowed');
  });

  it('leaves a connection alone when the time for dialling is over', async () => {
    const { port } = await echoServer();
    // It aborts after the dialler's own time: both are over then.
    const signal = AbortSignal.timeout(250);
    const over = once(signal, 'abort');
    const socket = await dialer({ direct: { allowCidrs: ['127.0.0.0/8'] }, timeoutMs: 200 }).dial({
      ...request,
      address: `127.0.0.1:${port}`,
      signal,
    });
    await over;
    socket.write('still here');
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('still here');
    socket.destroy();
  });

  it('judges the address that a name resolves to and connects to that one', async () => {
    const { port } = await echoServer();
    const asked: string[] = [];
    const resolve = (host: string) => {
      asked.push(host);
      return Promise.resolve(['10.0.0.1', '127.0.0.1']);
    };
    const allowing = dialer({ resolve, direct: { allowCidrs: ['127.0.0.1/32'] } });
    const socket = await allowing.dial({ ...request, address: `camera.example:${port}` });
    expect([asked, socket.remoteAddress]).toEqual([['camera.example'], '127.0.0.1']);
    socket.destroy();
    expect(await codeOf(dialer({ resolve }).dial({ ...request, address: `camera.example:${port}` }))).toBe(
      'address-not-allowed',
    );
  });

  it.each(['camera.example', 'camera.example:0', 'camera.example:99999', 'a b:1', 'http://x:1', '::1:80'])(
    'refuses the address %s',
    async (address) => {
      expect(await codeOf(dialer({}).dial({ ...request, address }))).toBe('address-invalid');
    },
  );

  it('says that a closed port is unreachable', async () => {
    const { server, port } = await echoServer();
    server.close();
    await once(server, 'close');
    const allowing = dialer({ direct: { allowCidrs: ['127.0.0.1/32'] } });
    expect(await codeOf(allowing.dial({ ...request, address: `127.0.0.1:${port}` }))).toBe('address-unreachable');
  });
});
