import { type BridgeEnd, Session } from '@app/multiplex';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { ChannelGate } from './channel.gate.js';
import { ServiceAllowList } from './service-allow-list.js';

const listen = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const received = (channel: { onData: unknown; consume: (bytes: number) => void }): Promise<string> =>
  new Promise((resolve) => {
    channel.onData = (chunk: Buffer) => {
      channel.consume(chunk.length);
      resolve(chunk.toString());
    };
  });

describe('ChannelGate', () => {
  const echo = createServer((socket) => socket.pipe(socket));
  const carrier = createServer();
  const refused: string[] = [];
  const ended: BridgeEnd[] = [];
  let broker: Session;
  let agent: Session;

  beforeAll(async () => {
    const list = new ServiceAllowList();
    list.allow('echo', { host: '127.0.0.1', port: await listen(echo), classes: ['bulk'] });
    list.allow('gone', { host: '127.0.0.1', port: 1, classes: ['bulk'] });
    const gate = new ChannelGate(list, {
      refused: (_request, code) => refused.push(code),
      ended: (_request, end) => ended.push(end),
    });
    const port = await listen(carrier);
    const accepted = once(carrier, 'connection') as Promise<[Socket]>;
    const hello = { instanceId: 'a', agentVersion: '1', platform: 'test', wallClockMs: Date.now() };
    agent = new Session({ role: 'agent', transport: connect(port, '127.0.0.1'), hello, onOpen: gate.onOpen });
    const [transport] = await accepted;
    broker = new Session({ role: 'broker', transport, admit: () => Promise.resolve({ sessionId: 's' }) });
    await Promise.all([agent.start(), broker.start()]);
  });

  afterAll(() => {
    agent.close();
    broker.close();
    echo.close();
    carrier.close();
  });

  it('couples a channel with the service of that name', async () => {
    const channel = await broker.open({ service: 'echo', class: 'bulk' });
    const answer = received(channel);
    channel.write(Buffer.from('hello'));
    expect(await answer).toBe('hello');
    channel.end();
    await channel.closed;
    expect(ended.at(-1)).toMatchObject({ bytesIn: 5, bytesOut: 5 });
  });

  it.each([
    ['a service without a name', { service: 'camera', class: 'bulk' as const }, 'unknown-service'],
    ['a class it is not for', { service: 'echo', class: 'control' as const }, 'not-allowed'],
    ['a service that does not answer', { service: 'gone', class: 'bulk' as const }, 'dial-failed'],
  ])('refuses %s', async (_what, request, code) => {
    await expect(broker.open(request)).rejects.toMatchObject({ code });
    expect(refused.at(-1)).toBe(code);
  });
});
