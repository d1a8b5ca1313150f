import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { FakeSource } from '../../test/fake-source.js';
import { MulticastGroups } from '../delivery/multicast.js';
import { Networks } from '../delivery/networks.js';
import { UdpPorts } from '../delivery/udp-ports.js';
import { Hub } from '../hub/hub.js';
import { distance } from '../rtp/packet.js';
import type { DatagramOutlets } from './negotiation.js';
import { RtspServer } from './server.js';
import type { Entrant, Place, RtspServerOptions, ViewerInfo } from './serving.js';
import type { Transport } from './transport.js';

const pacing = { bytesPerMs: 1_000, bucketBytes: 1 << 20 };

const outlets = (transport: Transport, more: Partial<DatagramOutlets> = {}): DatagramOutlets => ({
  networks: new Networks({ networks: [{ name: 'lo', cidr: '127.0.0.0/8', transport }], routes: [] }),
  unicast: new UdpPorts(42_000, 42_099),
  multicast: new MulticastGroups({ groups: '239.255.7.0/30', port: 43_000, ttl: 1 }, pacing),
  pacing,
  ...more,
});

describe('RTP beside the RTSP connection', () => {
  let server: RtspServer;
  let hub: Hub;
  let source: FakeSource;
  let started: ViewerInfo[];
  let stopped: string[];
  let offers: string[];
  let entrants: Entrant[];
  let port: number;
  const sockets: (Socket | UdpSocket)[] = [];

  async function start(
    datagrams: DatagramOutlets,
    options: Partial<RtspServerOptions> = {},
    tracks = 1,
  ): Promise<void> {
    [started, stopped, offers, entrants] = [[], [], [], []];
    source = new FakeSource({ tracks, everyMs: 5 });
    hub = new Hub(source);
    const listener = {
      viewerStarted: (viewer: ViewerInfo) => void started.push(viewer),
      viewerStopped: (_viewer: ViewerInfo, code: string) => void stopped.push(code),
      offerRefused: ({ transport, reason }: { transport: string; reason: string }) =>
        void offers.push(`${transport} ${reason}`),
    };
    const admit = (entrant: Entrant): Place => {
      entrants.push(entrant);
      return { leave: () => undefined };
    };
    server = new RtspServer(() => Promise.resolve({ hub, admit }), options, listener, datagrams);
    port = ((await server.listen(0, '127.0.0.1')) satisfies AddressInfo).port;
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) {
      if ('destroy' in socket) socket.destroy();
      else socket.close();
    }
    await server.close();
    await hub.close();
  });

  async function open(): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** Two ports of a player. */
  async function listen(address = '127.0.0.1'): Promise<{ rtp: UdpSocket; rtcp: UdpSocket; ports: string }> {
    const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')];
    sockets.push(rtp, rtcp);
    for (const socket of [rtp, rtcp]) {
      socket.bind(0, address);
      await once(socket, 'listening');
    }
    return { rtp, rtcp, ports: `${rtp.address().port}-${rtcp.address().port}` };
  }

  const url = (path: string): string => `rtsp://127.0.0.1:${port}${path}`;

  async function ask(socket: Socket, method: string, path: string, fields = ''): Promise<string> {
    socket.write(`${method} ${url(path)} RTSP/1.0\r\nCSeq: 7\r\n${fields}\r\n`);
    let data = '';
    while (!data.includes('\r\n\r\n')) data += String(((await once(socket, 'data')) as [Buffer])[0]);
    return data;
  }

  const setUp = (socket: Socket, transport: string, track = 0, session = ''): Promise<string> =>
    ask(socket, 'SETUP', `/cam/trackID=${track}`, `${session}Transport: ${transport}\r\n`);
  const statusOf = (answer: string): number => Number(answer.split(' ')[1]);
  const sessionOf = (answer: string): string => `Session: ${/Session: (\w+)/.exec(answer)?.[1]}\r\n`;

  it('sends a viewer its keyframe first, in unbroken numbers, from the ports it was told', async () => {
    await start(outlets('udp'));
    const socket = await open();
    const { rtp, rtcp, ports } = await listen();
    const answer = await setUp(socket, `RTP/AVP;unicast;client_port=${ports}`);
    const granted = /Transport: RTP\/AVP;unicast;client_port=(\S+?);server_port=(\d+)-(\d+)/.exec(answer);
    expect(granted?.[1]).toBe(ports);
    const got: { packet: Buffer; from: number }[] = [];
    rtp.on('message', (packet, { port: from }) => void got.push({ packet, from }));
    const report = once(rtcp, 'message');
    await ask(socket, 'PLAY', '/cam', sessionOf(answer));
    await poll(() => got.length > 40);
    expect(new Set(got.map(({ from }) => from))).toEqual(new Set([Number(granted?.[2])]));
    expect(got[0].packet[12] & 0x1f).toBe(7);
    const sequences = got.map(({ packet }) => packet.readUInt16BE(2));
    expect(sequences.slice(1).filter((next, index) => distance(sequences[index], next, 16) !== 1)).toEqual([]);
    expect(((await report) as [Buffer])[0][1]).toBe(200);
    expect(started).toMatchObject([{ transport: 'udp', reason: 'best-available', fallbackFrom: undefined }]);
    expect(started[0].stats.bytes).toBeGreaterThan(500);
  });

  it('says good-bye in a datagram to a viewer that is ended', async () => {
    await start(outlets('udp'));
    const socket = await open();
    const { rtcp, ports } = await listen();
    const answer = await setUp(socket, `RTP/AVP;unicast;client_port=${ports}`);
    const reports: Buffer[] = [];
    rtcp.on('message', (packet) => void reports.push(packet));
    await ask(socket, 'PLAY', '/cam', sessionOf(answer));
    await poll(() => reports.length > 0);
    started[0].end('ended-by-operator');
    await once(socket, 'close');
    await poll(() => reports.at(-1)?.[9] === 203);
    expect(reports.at(-1)?.toString('latin1')).toContain('ended-by-operator');
    expect(stopped).toEqual(['ended-by-operator']);
  });

  it('ends one viewer of a group, and the others go on', async () => {
    await start(outlets('multicast'));
    const answers: string[] = [];
    const viewers = [await open(), await open()] as const;
    for (const socket of viewers) {
      const answer = await setUp(socket, 'RTP/AVP;multicast');
      await ask(socket, 'PLAY', '/cam', sessionOf(answer));
      answers.push(answer);
    }
    started[0].end('ended-by-operator');
    await once(viewers[0], 'close');
    expect(stopped).toEqual(['ended-by-operator']);
    const units = started[1].stats.units;
    await poll(() => started[1].stats.units > units + 5);
    expect(statusOf(await ask(viewers[1], 'GET_PARAMETER', '/cam', sessionOf(answers[1])))).toBe(200);
  });

  it('lives on the viewer’s reports, reads its loss in them, and ends without them', async () => {
    await start(outlets('udp'), { sessionTimeoutMs: 150, sweepMs: 10 });
    const socket = await open();
    const { rtp, rtcp, ports } = await listen();
    const answer = await setUp(socket, `RTP/AVP;unicast;client_port=${ports}`);
    const to = Number(/server_port=\d+-(\d+)/.exec(answer)?.[1]);
    let last = 0;
    rtp.on('message', (packet) => (last = packet.readUInt16BE(2)));
    await ask(socket, 'PLAY', '/cam', sessionOf(answer));
    const report = (): Buffer => {
      const packet = Buffer.alloc(32);
      packet.set([0x81, 201, 0, 7]);
      packet[12] = 64;
      packet.writeUInt32BE(last, 16);
      return packet;
    };
    const timer = setInterval(() => rtcp.send(report(), to, '127.0.0.1'), 30);
    // The time is what is tested: a session that lives for several of its timeouts.
    await new Promise((resolve) => setTimeout(resolve, 500));
    clearInterval(timer);
    expect(stopped).toEqual([]);
    expect(started[0].stats.lossFraction).toBe(0.25);
    expect(started[0].stats.lagMs).toBeLessThan(100);
    await poll(() => stopped.length > 0);
    expect(stopped).toEqual(['viewer-timeout']);
  });

  it('believes no report from another address', async () => {
    await start(outlets('udp'), { sessionTimeoutMs: 100, sweepMs: 10 });
    const socket = await open();
    const answer = await setUp(socket, `RTP/AVP;unicast;client_port=${(await listen()).ports}`);
    const to = Number(/server_port=\d+-(\d+)/.exec(answer)?.[1]);
    await ask(socket, 'PLAY', '/cam', sessionOf(answer));
    const { rtcp } = await listen('127.0.0.2');
    const timer = setInterval(() => rtcp.send(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]), to, '127.0.0.1'), 20);
    await poll(() => stopped.length > 0);
    clearInterval(timer);
  });

  it.each([
    ['on a network of TCP alone', 'tcp', 'RTP/AVP;unicast;client_port=5000-5001', 'network-incapable'],
    ['multicast on a network of UDP', 'udp', 'RTP/AVP;multicast', 'network-incapable'],
    ['an unknown profile', 'multicast', 'RTP/SAVP;unicast;client_port=5000-5001', 'offer-unknown'],
    ['no offer', 'multicast', '', 'offer-unknown'],
    ['ports of services', 'udp', 'RTP/AVP;unicast;client_port=52-53', 'transport-ports-invalid'],
    ['ports that are none', 'udp', 'RTP/AVP;unicast;client_port=70000-70001', 'transport-ports-invalid'],
    ['no ports', 'udp', 'RTP/AVP;unicast', 'transport-ports-invalid'],
    ['one port for both', 'udp', 'RTP/AVP;unicast;client_port=5000-5000', 'transport-ports-invalid'],
  ] as const)('is refused with 461: %s', async (_title, carries, transport, reason) => {
    await start(outlets(carries));
    const answer = await setUp(await open(), transport);
    expect(statusOf(answer)).toBe(461);
    expect(answer).toContain(`X-Error-Code: ${reason}`);
  });

  it('falls back to TCP on the same connection and shows why', async () => {
    await start(outlets('tcp'));
    const socket = await open();
    expect(statusOf(await setUp(socket, 'RTP/AVP;unicast;client_port=5000-5001'))).toBe(461);
    expect(statusOf(await setUp(socket, 'RTP/AVP;multicast'))).toBe(461);
    const answer = await setUp(socket, 'RTP/AVP/TCP;interleaved=0-1');
    await ask(socket, 'PLAY', '/cam', sessionOf(answer));
    expect(started).toMatchObject([{ transport: 'tcp', reason: 'network-incapable', fallbackFrom: 'udp' }]);
    expect(offers).toEqual(['udp network-incapable', 'multicast network-incapable']);
  });

  it('takes the first offer of a list that can be had', async () => {
    await start(outlets('udp'));
    const list = 'RTP/SAVP;unicast;client_port=5000-5001,RTP/AVP;multicast,RTP/AVP/TCP;interleaved=2-3';
    expect(await setUp(await open(), list)).toContain('Transport: RTP/AVP/TCP;unicast;interleaved=2-3');
  });

  it('shows that a client could have had more', async () => {
    await start(outlets('udp'));
    const socket = await open();
    const answer = await setUp(socket, 'RTP/AVP/TCP;interleaved=0-1');
    await ask(socket, 'PLAY', '/cam', sessionOf(answer));
    expect(started).toMatchObject([{ transport: 'tcp', reason: 'client-choice' }]);
  });

  it('keeps all tracks of a session on one transport, but lets its only track change', async () => {
    await start(outlets('udp'), {}, 2);
    const socket = await open();
    const offer = `RTP/AVP;unicast;client_port=${(await listen()).ports}`;
    const session = sessionOf(await setUp(socket, offer));
    expect(await setUp(socket, 'RTP/AVP/TCP;interleaved=0-1', 1, session)).toContain('transport-mixed');
    expect(statusOf(await setUp(socket, 'RTP/AVP/TCP;interleaved=0-1', 0, session))).toBe(200);
    expect(statusOf(await setUp(socket, 'RTP/AVP/TCP;interleaved=2-3', 1, session))).toBe(200);
  });

  it('refuses UDP when its ports are in use, and takes them again when a viewer leaves', async () => {
    await start(outlets('udp', { unicast: new UdpPorts(42_100, 42_101) }));
    const socket = await open();
    const offer = `RTP/AVP;unicast;client_port=${(await listen()).ports}`;
    expect(statusOf(await setUp(socket, offer))).toBe(200);
    expect(await setUp(await open(), offer)).toContain('X-Error-Code: udp-ports-exhausted');
    socket.destroy();
    const again = await open();
    await poll(async () => statusOf(await setUp(again, offer)) === 200);
  });

  it('frees its ports when the client goes while it sets up', async () => {
    await start(outlets('udp', { unicast: new UdpPorts(42_102, 42_103) }));
    for (let round = 0; round < 20; round++) {
      const socket = await open();
      socket.write(
        `SETUP ${url('/cam/trackID=0')} RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n`,
      );
      if (round % 2 === 0) await new Promise(setImmediate);
      socket.destroy();
    }
    const last = await open();
    await poll(async () => statusOf(await setUp(last, 'RTP/AVP;unicast;client_port=5000-5001')) === 200);
  });

  describe('by multicast', () => {
    async function receive(group: string, rtpPort: number): Promise<Buffer[]> {
      const socket = createSocket({ type: 'udp4', reuseAddr: true });
      sockets.push(socket);
      socket.bind(rtpPort, group);
      await once(socket, 'listening');
      socket.addMembership(group, '127.0.0.1');
      const packets: Buffer[] = [];
      socket.on('message', (packet) => void packets.push(packet));
      return packets;
    }

    it('sends once for all viewers, and stops when the last of them leaves', async () => {
      const datagrams = outlets('multicast');
      await start(datagrams);
      const [first, second] = [await open(), await open()];
      const answers = [await setUp(first, 'RTP/AVP;multicast'), await setUp(second, 'RTP/AVP;multicast')];
      const granted = answers.map((answer) => /destination=(\S+?);port=(\d+)-(\d+);ttl=1/.exec(answer)!.slice(1));
      expect(granted[0]).toEqual(granted[1]);
      expect(datagrams.multicast!.size).toBe(1);
      const packets = await receive(granted[0][0], Number(granted[0][1]));
      await ask(first, 'PLAY', '/cam', sessionOf(answers[0]));
      await ask(second, 'PLAY', '/cam', sessionOf(answers[1]));
      await poll(() => packets.length > 40);
      const sequences = packets.map((packet) => packet.readUInt16BE(2));
      expect(new Set(sequences).size).toBe(sequences.length);
      expect(started.map(({ transport, reason }) => `${transport} ${reason}`)).toEqual(
        Array(2).fill('multicast best-available'),
      );
      expect(hub.stats.outlets).toBe(1);
      expect(entrants.map(({ transport }) => transport)).toEqual(['multicast', 'multicast']);
      expect(entrants[0]?.shared).toBeDefined();
      expect(entrants[0]?.shared).toBe(entrants[1]?.shared);
      expect(entrants[0]?.bytes()).toBeGreaterThan(0);
      first.destroy();
      await poll(() => stopped.length === 1);
      const before = packets.length;
      await poll(() => packets.length > before + 10);
      second.destroy();
      await poll(() => datagrams.multicast!.size === 0 && hub.stats.outlets === 0);
    });

    it('refuses a stream for which no group is left', async () => {
      const groups = new MulticastGroups({ groups: '239.255.7.9/32', port: 43_100, ttl: 1 }, pacing);
      await start(outlets('multicast', { multicast: groups }));
      const other = new Hub(new FakeSource({ tracks: 1, everyMs: 5 }));
      const options = { ...server.options };
      const held = await groups.join(other, await other.describe(), '127.0.0.1', options);
      const socket = await open();
      expect(await setUp(socket, 'RTP/AVP;multicast')).toContain('multicast-groups-exhausted');
      held.leave();
      held.leave();
      await poll(async () => statusOf(await setUp(socket, 'RTP/AVP;multicast')) === 200);
      await other.close();
    });
  });
});

async function poll(done: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
