import { mkdtempSync, rmSync, statSync, readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { findNatsServer, startNats } from './nats.mjs';

const servers: [name: string, server: string][] = [
  ['built-in', 'built-in'],
  ['nats-server', findNatsServer()],
];

describe.each(servers)('messaging by %s', (_name, server) => {
  let dir: string;
  let nats: Awaited<ReturnType<typeof startNats>>;
  let token: string;
  const clients: NatsConnection[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-nats-'));
    nats = await startNats({ dir, server });
    token = readFileSync(String(nats.tokenFile), 'utf8').trim();
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  afterAll(async () => {
    await nats.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function client(options: { token?: string; noEcho?: boolean } = {}): Promise<NatsConnection> {
    const connection = await connect({ servers: nats.url, token, reconnect: false, ...options });
    clients.push(connection);
    return connection;
  }

  it('keeps its token in a file that only the owner can read', () => {
    expect(statSync(String(nats.tokenFile)).mode & 0o777).toBe(0o600);
    expect(token.length).toBeGreaterThanOrEqual(43);
  });

  it('refuses a wrong token and none', async () => {
    await expect(client({ token: 'wrong' })).rejects.toMatchObject({ name: 'AuthorizationError' });
    await expect(client({ token: undefined })).rejects.toMatchObject({ name: 'AuthorizationError' });
  });

  it('answers a request, and its headers arrive', async () => {
    const [asking, answering] = [await client(), await client()];
    answering.subscribe('site.open', {
      callback: (_error, message) => void message.respond(`${message.string()} ${message.headers?.get('trace')}`),
    });
    await answering.flush();
    const carried = headers();
    carried.set('trace', 'abc');
    const reply = await asking.request('site.open', 'hamburg', { timeout: 2000, headers: carried });
    expect(reply.string()).toBe('hamburg abc');
  });

  it('tells a requester at once that nobody listens', async () => {
    const asking = await client();
    const startedAt = Date.now();
    await expect(asking.request('nobody.there', '', { timeout: 5000 })).rejects.toMatchObject({
      cause: { name: 'NoResponders' },
    });
    expect(Date.now() - startedAt).toBeLessThan(2000);
  });

  it('gives an event to every plain subscriber and to one of each queue group', async () => {
    const [publishing, first, second] = [await client(), await client(), await client()];
    const counts = { plain: 0, group: 0 };
    for (const connection of [first, second]) {
      connection.subscribe('sites.>', { callback: () => void counts.plain++ });
      connection.subscribe('sites.*.changed', { queue: 'federation', callback: () => void counts.group++ });
      await connection.flush();
    }
    for (let index = 0; index < 100; index++) publishing.publish(`sites.${index}.changed`);
    publishing.publish('sites.a.b.changed');
    await publishing.flush();
    await Promise.all([first.flush(), second.flush()]);
    expect(counts).toEqual({ plain: 202, group: 100 });
  });

  it('ends a subscription after the number of messages it was limited to', async () => {
    const connection = await client();
    let heard = 0;
    const subscription = connection.subscribe('tick', { callback: () => void heard++ });
    subscription.unsubscribe(3);
    for (let index = 0; index < 10; index++) connection.publish('tick');
    await connection.flush();
    expect(heard).toBe(3);
  });

  it('does not echo to a client that asked for no echo', async () => {
    const connection = await client({ noEcho: true });
    let heard = 0;
    connection.subscribe('own', { callback: () => void heard++ });
    connection.publish('own');
    await connection.flush();
    expect(heard).toBe(0);
  });

  it('carries 900 kB and refuses more than 1 MiB', async () => {
    const [asking, answering] = [await client(), await client()];
    answering.subscribe('size', { callback: (_error, message) => void message.respond(String(message.data.length)) });
    await answering.flush();
    const reply = await asking.request('size', Buffer.alloc(900_000), { timeout: 5000 });
    expect(reply.string()).toBe('900000');
    expect(() => asking.publish('size', Buffer.alloc(1024 * 1024 + 1))).toThrow('max_payload');
  });

  it('cuts a peer that speaks no NATS and one that publishes without a token', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'PUB a 1\r\nx\r\n', `CONNECT ${'x'.repeat(5000)}`]) {
      expect(await replyTo(Number(new URL(nats.url).port), bytes)).toContain('-ERR');
    }
  });
});

/** What the server sends until it closes the connection. */
function replyTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
    socket.setTimeout(5000, () => socket.destroy(new Error('the server does not close the connection')));
    socket.write(bytes);
  });
}
