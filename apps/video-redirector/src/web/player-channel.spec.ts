import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { PlayerChannel } from '@app/media';
import { channelOf } from './player-channel.js';

describe('the way to a player', () => {
  let server: Server;
  let client: WebSocket;
  let player: WebSocket;
  let channel: PlayerChannel;
  const received: (Buffer | string)[] = [];

  beforeEach(async () => {
    received.length = 0;
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const upgraded = new Promise<void>((resolve) => {
      server.on('upgrade', (request, socket, head) =>
        sockets.handleUpgrade(request, socket, head, (accepted) => {
          player = accepted;
          channel = channelOf(accepted, socket);
          resolve();
        }),
      );
    });
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : data.toString()));
    await Promise.all([upgraded, once(client, 'open')]);
  });

  afterEach(() => {
    client.terminate();
    player.terminate();
    server.close();
  });

  const untilReceived = async (count: number): Promise<void> => {
    while (received.length < count) await once(client, 'message');
  };

  it.each([0, 1, 125, 126, 65_535, 65_536, 2_000_000])(
    'carries a head and a body of %d bytes as one message',
    async (bytes) => {
      const [head, body] = [Buffer.alloc(24, 7), Buffer.alloc(bytes, 9)];
      channel.binary(head, body);
      await untilReceived(1);
      expect(Buffer.concat([head, body]).equals(received[0] as Buffer)).toBe(true);
    },
  );

  it('keeps the order of media, text and pings, and leaves the body as it was', async () => {
    const body = Buffer.alloc(70_000, 1);
    let pings = 0;
    client.on('ping', () => (pings += 1));
    for (let round = 0; round < 50; round++) {
      channel.binary(Buffer.from([round]), body);
      player.ping();
      channel.text({ round });
    }
    await untilReceived(100);
    expect(received.map((message) => (typeof message === 'string' ? message : message[0]))).toEqual(
      Array.from({ length: 50 }, (_, round) => [round, JSON.stringify({ round })]).flat(),
    );
    expect(pings).toBe(50);
    expect(body.equals(Buffer.alloc(70_000, 1))).toBe(true);
  });

  it('sends nothing after the end was said', async () => {
    player.close(4_000, 'over');
    channel.binary(Buffer.from([1]), Buffer.from([2]));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(4_000);
    channel.binary(Buffer.from([1]), Buffer.from([2]));
    expect(received).toEqual([]);
  });
});
