import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { connectThroughProxy } from './proxy.connect.js';

describe('connectThroughProxy', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  const proxyThat = async (answer: (socket: Socket, head: string) => void): Promise<number> => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (head) => answer(socket, head.toString()));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  const dial = (port: number, authorization?: string, timeoutMs = 2_000): Promise<Socket> =>
    connectThroughProxy(
      { host: '127.0.0.1', port, tls: false, ...(authorization === undefined ? {} : { authorization }) },
      'broker.example:5500',
      { timeoutMs, signal: new AbortController().signal },
    );

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    server?.close();
  });

  it('asks for the target with its credentials and hands over what comes after the answer', async () => {
    let asked = '';
    const port = await proxyThat((socket, head) => {
      asked = head;
      socket.write('HTTP/1.1 200 OK\r\nVia: proxy\r\n\r\nfirst bytes');
    });
    const socket = await dial(port, 'Basic c2l0ZQ==');
    const [bytes] = (await once(socket.resume(), 'data')) as [Buffer];
    expect(bytes.toString()).toBe('first bytes');
    expect(asked).toBe(
      'CONNECT broker.example:5500 HTTP/1.1\r\nHost: broker.example:5500\r\nProxy-Authorization: Basic c2l0ZQ==\r\n\r\n',
    );
    socket.destroy();
  });

  it.each([
    ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'proxy-auth-required'],
    ['HTTP/1.1 403 Forbidden\r\n\r\n', 'proxy-refused'],
    ['HTTP/1.1 502\r\n\r\n', 'proxy-refused'],
    ['SSH-2.0-OpenSSH\r\n\r\n', 'proxy-refused'],
    ['x'.repeat(9_000), 'proxy-refused'],
  ])('names the proxy and what it said: %.30s', async (answer, code) => {
    const port = await proxyThat((socket) => socket.write(answer));
    await expect(dial(port)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });

  it('says that the proxy hung up', async () => {
    const port = await proxyThat((socket) => socket.destroy());
    await expect(dial(port)).rejects.toMatchObject({ code: 'proxy-refused' });
  });

  it('gives up on a proxy that does not answer', async () => {
    const port = await proxyThat(() => undefined);
    await expect(dial(port, undefined, 50)).rejects.toMatchObject({ code: 'proxy-refused' });
  });

  it('says that no proxy is there', async () => {
    const port = await proxyThat(() => undefined);
    server?.close();
    await once(server as Server, 'close');
    await expect(dial(port)).rejects.toMatchObject({ code: 'proxy-unreachable' });
  });
});
