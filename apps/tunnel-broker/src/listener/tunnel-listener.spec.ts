import { once } from 'node:events';
import { connect as connectTcp, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { agentTlsOptions, type CaTree, TUNNEL_ALPN } from '@app/pki';
import type { AppLogger } from '@app/runtime';
import { temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { agentOf, brokerOf, type Credentials } from '../../../../libs/pki/src/tls/handshake.kit.js';
import type { BrokerConfig } from '../config.js';
import type { EnrolmentEndpoint } from '../enrolment/enrolment.endpoint.js';
import type { BrokerIdentityService } from '../identity/broker-identity.service.js';
import type { TunnelEndpoint } from '../tunnel/tunnel.endpoint.js';
import { GateMetrics } from './gate.metrics.js';
import type { Peer } from './peer.js';
import { localHeader, proxyHeader } from './proxy-header.kit.js';
import { TunnelListener } from './tunnel-listener.js';
import type { Visit } from './visit.js';

let tree: CaTree;
let broker: Credentials;
let agent: Credentials;

beforeAll(async () => {
  tree = await temporaryTree();
  [broker, agent] = [await brokerOf(tree), await agentOf(tree)];
});

/** A listener whose tunnels echo the first message behind the address that they saw. */
class Listening {
  readonly lines: { reason?: string; peerAddress?: string }[] = [];
  readonly metrics = new GateMetrics();
  readonly listener: TunnelListener;
  port = 0;

  constructor(balancers: string[], host: string) {
    const config = { ADIT_TUNNEL_HOST: host, ADIT_TUNNEL_PORT: 0, ADIT_TUNNEL_PROXY_PROTOCOL_FROM: balancers };
    const tunnel = {
      serve: (socket: TLSSocket, { address }: Peer, visit: Visit) => {
        visit.end('admitted');
        socket.once('data', (chunk: Buffer) => socket.end(`${address} ${chunk.toString()}`));
      },
    };
    this.listener = new TunnelListener(
      config as unknown as BrokerConfig,
      { current: broker, onChange: () => undefined } as unknown as BrokerIdentityService,
      {} as EnrolmentEndpoint,
      tunnel as unknown as TunnelEndpoint,
      this.metrics,
      { info: (line: object) => void this.lines.push(line) } as unknown as AppLogger,
    );
  }

  static async from(balancers: string[], host = '127.0.0.1'): Promise<Listening> {
    const listening = new Listening(balancers, host);
    listening.port = await listening.listener.listen();
    return listening;
  }

  async dial(change: Partial<TcpSocketConnectOpts> = {}): Promise<Socket> {
    const socket = connectTcp({ port: this.port, host: '127.0.0.1', noDelay: true, ...change });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** As soon as there are so many. */
  async outcomes(count: number): Promise<string[]> {
    for (;;) {
      const { values } = await this.metrics.registry.getSingleMetric('adit_gate_handshakes_total')!.get();
      const outcomes = values.flatMap(({ value, labels }) => Array<string>(value).fill(String(labels['outcome'])));
      if (outcomes.length >= count) return outcomes.toSorted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  [Symbol.dispose](): void {
    this.listener.close();
  }
}

/** Writes all that TLS says in pieces of so many bytes. */
const inPieces = (socket: Socket, bytes: number): Duplex => {
  const pieces = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      for (let at = 0; at < chunk.length; at += bytes) socket.write(chunk.subarray(at, at + bytes));
      done();
    },
    destroy: (_error, done) => {
      socket.destroy();
      done(null);
    },
  });
  socket.on('data', (chunk: Buffer) => pieces.push(chunk)).on('end', () => pieces.push(null));
  return pieces;
};

/** What the tunnel answers; nothing, when the connection was closed first. */
const talk = async (transport: Duplex, credentials: Partial<Credentials> = {}): Promise<string> => {
  const options = agentTlsOptions({ ...agent, ...credentials, serverName: 'broker.test', alpn: TUNNEL_ALPN });
  const socket = connectTls({ ...options, socket: transport });
  let heard = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write('hello');
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  socket.destroy();
  transport.destroy();
  return heard;
};

describe('the tunnel listener', () => {
  it.each([1, 7, 100_000])(
    'shows the address that a trusted balancer announces, in pieces of %d bytes',
    async (bytes) => {
      using listening = await Listening.from(['127.0.0.1/32']);
      const socket = await listening.dial();
      const header = proxyHeader({ addresses: ['203.0.113.7', '127.0.0.1'], tlvs: Buffer.from([4, 0, 1, 0]) });
      for (let at = 0; at < header.length; at += bytes) socket.write(header.subarray(at, at + bytes));
      expect(await talk(inPieces(socket, bytes))).toBe('203.0.113.7 hello');
      expect(await listening.outcomes(1)).toEqual(['admitted']);
    },
  );

  it('tells connections apart that come from one port to two of its addresses', async () => {
    using listening = await Listening.from(['127.0.0.1/32'], '0.0.0.0');
    const one = await listening.dial({ localAddress: '127.0.0.1' });
    const { localPort = 0 } = one;
    const other = await listening.dial({ host: '127.0.0.2', localAddress: '127.0.0.1', localPort });
    for (const [index, socket] of [one, other].entries())
      socket.write(proxyHeader({ addresses: [`203.0.113.${index}`, '192.0.2.1'] }));
    expect(await Promise.all([talk(one), talk(other)])).toEqual(['203.0.113.0 hello', '203.0.113.1 hello']);
  });

  it('takes header and ClientHello from one segment', async () => {
    using listening = await Listening.from(['127.0.0.0/8']);
    const socket = await listening.dial();
    socket.cork();
    socket.write(proxyHeader({ addresses: ['2001:db8::5', '2001:db8::1'] }));
    const answer = talk(socket);
    setImmediate(() => socket.uncork());
    expect(await answer).toBe('2001:db8::5 hello');
  });

  it('takes a balancer that speaks for itself as what it is', async () => {
    using listening = await Listening.from(['127.0.0.1/32']);
    const socket = await listening.dial();
    socket.write(localHeader());
    expect(await talk(socket)).toBe('127.0.0.1 hello');
    const probe = await listening.dial();
    probe.end(localHeader());
    await once(probe.resume(), 'close');
    expect(listening.lines).toEqual([]);
  });

  it.each<[string, string, Buffer]>([
    ['no header', 'proxy-header-missing', Buffer.from([0x16, 3, 1, 0, 0])],
    ['a header of version 1', 'proxy-header-missing', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n')],
    ['a header of another transport', 'proxy-header-family', proxyHeader({ family: 0x12 })],
    ['a header without end', 'proxy-header-length', proxyHeader({ length: 65_535 })],
    ['something else than TLS behind it', 'not-tls', Buffer.concat([proxyHeader(), Buffer.from('GET /')])],
  ])('closes a trusted balancer’s connection with %s', async (_case, reason, bytes) => {
    using listening = await Listening.from(['127.0.0.1/32']);
    const socket = await listening.dial();
    socket.write(bytes);
    await once(socket.resume(), 'close');
    const peerAddress = reason === 'not-tls' ? '192.0.2.1' : '127.0.0.1';
    expect(listening.lines).toEqual([{ reason, peerAddress }]);
  });

  it('closes a trusted balancer’s connection whose header does not come', async () => {
    using listening = await Listening.from(['127.0.0.1/32']);
    const socket = await listening.dial();
    socket.write(proxyHeader().subarray(0, 20));
    await once(socket.resume(), 'close');
    expect(listening.lines).toEqual([{ reason: 'proxy-header-late', peerAddress: '127.0.0.1' }]);
  });

  it('believes nobody else, and takes his connection as it is', async () => {
    using listening = await Listening.from(['10.0.0.0/8']);
    expect(await talk(await listening.dial())).toBe('127.0.0.1 hello');
    const liar = await listening.dial();
    liar.write(proxyHeader());
    expect(await talk(liar)).toBe('');
    expect(listening.lines).toEqual([{ reason: 'not-tls', peerAddress: '127.0.0.1' }]);
  });

  it('counts a refused certificate as a failure, and a client that goes as soon as it is answered', async () => {
    using listening = await Listening.from([]);
    const foreign = await temporaryTree();
    expect(await talk(await listening.dial(), await agentOf(foreign).then(({ key, chain }) => ({ key, chain })))).toBe(
      '',
    );
    expect(await talk(await listening.dial(), { key: '', chain: '' })).toBe('');
    expect(await talk(await listening.dial(), { roots: (await agentOf(foreign)).roots })).toBe('');
    expect(await listening.outcomes(3)).toEqual(['failed', 'failed', 'failed']);
    expect(await talk(await listening.dial())).toBe('127.0.0.1 hello');
    expect(listening.listener['gate'].counts).toMatchObject({ waiting: 0, places: 0 });
  });
});
