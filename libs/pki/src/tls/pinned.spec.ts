import { once } from 'node:events';
import {
  createServer as createTcpServer,
  connect as connectTcp,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { Duplex } from 'node:stream';
import { connectPinnedTls } from './pinned.js';
import { createSiteCertificate, type SiteCertificate } from './site-certificate.js';

let site: SiteCertificate;
let server: Server;
let port: number;
let received: Buffer[];

beforeAll(async () => {
  site = await createSiteCertificate(new Date());
  server = createServer({ key: site.key, cert: site.certificate, minVersion: 'TLSv1.3' }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received.push(data);
      socket.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  received = [];
});
afterAll(() => server.close());

/** What TLS sees of a tunnel channel: a duplex that is no net.Socket. */
function duplexOver(tcp: Socket): Duplex {
  const channel = new Duplex({
    read: () => tcp.resume(),
    write: (chunk: Buffer, _encoding, done) => tcp.write(chunk, done),
    final: (done) => tcp.end(done),
  });
  tcp.on('data', (chunk) => channel.push(chunk) || tcp.pause()).once('end', () => channel.push(null));
  return channel;
}

async function echo(socket: TLSSocket): Promise<string> {
  socket.write('hello');
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
}

describe('connection by pin', () => {
  it('reaches the holder of the pinned key', async () => {
    const socket = await connectPinnedTls({ host: '127.0.0.1', port, pin: site.pin, timeoutMs: 2000 });
    expect(await echo(socket)).toBe('hello');
  });

  it('runs over any duplex, as over a channel of a tunnel', async () => {
    const tcp = connectTcp(port, '127.0.0.1');
    await once(tcp, 'connect');
    const channel = duplexOver(tcp);
    const socket = await connectPinnedTls({ socket: channel, pin: site.pin, serverName: '10.0.0.1', timeoutMs: 2000 });
    expect(await echo(socket)).toBe('hello');
    tcp.destroy();
  });

  it('refuses another key before a byte of the application has left', async () => {
    const { pin } = await createSiteCertificate(new Date());
    await expect(connectPinnedTls({ host: '127.0.0.1', port, pin, timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'tls-pin-mismatch',
    });
    await expect(connectPinnedTls({ host: '127.0.0.1', port, pin: '', timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'tls-pin-mismatch',
    });
    expect(received).toEqual([]);
  });

  it('accepts a new certificate for the same key', async () => {
    const renewed = await createSiteCertificate(new Date(), site.key);
    expect(renewed.pin).toBe(site.pin);
    expect(renewed.certificate).not.toBe(site.certificate);
  });

  it('gives up on a peer that says nothing, and on one that is not there', async () => {
    const silent = createTcpServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const silentPort = (silent.address() as AddressInfo).port;
    const target = { host: '127.0.0.1', port: silentPort, pin: site.pin, timeoutMs: 50 };
    await expect(connectPinnedTls(target)).rejects.toMatchObject({ code: 'tls-timeout' });
    silent.close();
    await once(silent, 'close');
    await expect(connectPinnedTls({ ...target, timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'tls-handshake-failed',
    });
  });
});
