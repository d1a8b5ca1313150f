import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Database } from '@app/persistence';
import { createDatabase, type TestDatabase } from '../harness/database.js';

/** ErrorResponse of a server that is being stopped. */
const FATAL = ((): Buffer => {
  const fields = Buffer.from(
    'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0',
    'latin1',
  );
  const head = Buffer.from('E\0\0\0\0', 'latin1');
  head.writeUInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
})();
/** ReadyForQuery, idle: the last word of the server on a new connection. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');

let database: TestDatabase;
let relay: Server;
/** Of the connections to come: how many end in the very moment in which they are ready. */
let ending = 0;
const sockets = new Set<Socket>();

beforeAll(async () => {
  database = await createDatabase();
  const { hostname: host, port } = new URL(database.logins.federation);
  relay = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    let isNew = true;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [near, far].forEach((one) => one.destroy()));
    }
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk: Buffer) => {
      const isReady = isNew && chunk.subarray(-READY.length).equals(READY);
      if (isReady) isNew = false;
      if (!isReady || ending <= 0) return near.write(chunk);
      ending -= 1;
      return near.end(Buffer.concat([chunk, FATAL]));
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
}, 30_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  relay?.close();
  await database?.drop();
});

const openThrough = (): Promise<Database> => {
  const url = new URL(database.logins.federation);
  url.port = String((relay.address() as AddressInfo).port);
  return Database.open({ url: url.href, applicationName: 'test', poolSize: 4 });
};

describe('a connection to the database', () => {
  it('that ends in the moment in which it is ready costs its work, and no process', async () => {
    const own = await openThrough();
    try {
      const pause = (): Promise<unknown> => own.inSystem((tx) => tx.query('SELECT pg_sleep(0.2)'));
      const busy = [pause()];
      ending = 2;
      const outcomes = await Promise.allSettled([...busy, pause(), pause()]);
      expect(ending).toBe(0);
      const lost = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason as { code?: string });
      expect(lost.map(({ code }) => code)).toEqual(['unavailable', 'unavailable']);
      expect(await own.now()).toBeInstanceOf(Date);
    } finally {
      await own.close();
    }
  });
});
