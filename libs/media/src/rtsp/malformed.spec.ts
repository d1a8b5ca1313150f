import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FakeSource } from '../../test/fake-source.js';
import { mutate, seeded } from '../../test/mutation.js';
import { Networks } from '../delivery/networks.js';
import { UdpPorts } from '../delivery/udp-ports.js';
import { Hub } from '../hub/hub.js';
import { writeSenderReport } from '../rtp/control-packet.js';
import { RtspDecoder, type RtspItem } from './decoder.js';
import { encodeInterleaved } from './message.js';
import { RtspServer } from './server.js';
import type { ViewerInfo } from './serving.js';

const rounds = 1_000;
const abreast = 25;
/** An unfinished message is waited for: the client's silence ends such a round. */
const quietMs = 150;
const maxGrowthBytes = 150 << 20;

/** All that a viewer may be told of a request it has broken. */
const statuses = new Set([200, 400, 404, 405, 406, 413, 454, 455, 459, 460, 461, 501, 505, 551]);

describe('the redirector for viewers, when what comes in is broken', () => {
  let server: RtspServer;
  let hub: Hub;
  let port: number;
  let started: ViewerInfo[];
  let stopped: string[];
  const sockets: (Socket | UdpSocket)[] = [];

  beforeEach(async () => {
    [started, stopped] = [[], []];
    hub = new Hub(new FakeSource({ tracks: 2, everyMs: 5 }));
    const networks = new Networks({ networks: [{ name: 'lo', cidr: '127.0.0.0/8', transport: 'udp' }], routes: [] });
    const datagrams = {
      networks,
      unicast: new UdpPorts(44_000, 44_199),
      pacing: { bytesPerMs: 1e4, bucketBytes: 1e6 },
    };
    const refuse = { status: 404, code: 'not-found', reason: 'No such stream' };
    server = new RtspServer(
      ({ path }) => Promise.resolve(path === '/cam' ? { hub } : { refuse }),
      { maxUnauthenticated: 400 },
      {
        viewerStarted: (viewer) => void started.push(viewer),
        viewerStopped: (_viewer, code) => void stopped.push(code),
      },
      datagrams,
    );
    ({ port } = await server.listen(0, '127.0.0.1'));
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) {
      if ('destroy' in socket) socket.destroy();
      else socket.close();
    }
    await server.close();
    await hub.close();
  });

  const conversation = (): Buffer => {
    const url = `rtsp://127.0.0.1:${port}/cam`;
    return Buffer.from(
      [
        `DESCRIBE ${url}?ticket=abc RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`,
        `SETUP ${url}/trackID=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n`,
        `SET_PARAMETER ${url} RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\na: b`,
        `PLAY ${url} RTSP/1.0\r\nCSeq: 4\r\nRange: npt=now-\r\n\r\n`,
      ].join(''),
    );
  };

  /** Sends and returns all that comes back until it is quiet or closed. */
  async function talk(data: Buffer): Promise<RtspItem[]> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const decoder = new RtspDecoder({ maxHeaderBytes: 1 << 16, maxBodyBytes: 1 << 20, maxJunkBytes: 0 });
    const items: RtspItem[] = [];
    socket.on('error', () => undefined);
    socket.setTimeout(quietMs, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => items.push(...decoder.push(chunk)));
    socket.write(data);
    await once(socket, 'close');
    return items;
  }

  async function watch(transport: string): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    const url = `rtsp://127.0.0.1:${port}/cam`;
    const ask = async (text: string): Promise<string> => {
      socket.write(text);
      return String(((await once(socket, 'data')) as [Buffer])[0]);
    };
    const setUp = await ask(`SETUP ${url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: ${transport}\r\n\r\n`);
    const session = /Session: (\w+)/.exec(setUp)![1];
    const answer = setUp + (await ask(`PLAY ${url} RTSP/1.0\r\nCSeq: 2\r\nSession: ${session}\r\n\r\n`));
    Object.assign(socket, { answer });
    return socket;
  }

  it(`gives precise answers to ${rounds} broken conversations, and the viewer beside them sees no gap`, async () => {
    const healthy = await watch('RTP/AVP/TCP;interleaved=0-1');
    const decoder = new RtspDecoder({ maxHeaderBytes: 1 << 16, maxBodyBytes: 1 << 20, maxJunkBytes: 0 });
    const sequences: number[] = [];
    healthy.on('data', (chunk: Buffer) => {
      for (const item of decoder.push(chunk)) {
        if (item.kind === 'interleaved' && item.channel === 0) sequences.push(item.data.readUInt16BE(2));
      }
    });
    const random = seeded(5);
    const before = process.memoryUsage().rss;
    const seen = new Map<number, number>();
    for (let round = 0; round < rounds; round += abreast) {
      const batch = Array.from({ length: abreast }, () => talk(mutate(conversation(), random)));
      for (const item of (await Promise.all(batch)).flat()) {
        if (item.kind !== 'response') continue;
        const { status, headers } = item.response;
        seen.set(status, (seen.get(status) ?? 0) + 1);
        if (status !== 200) expect(headers.get('x-error-code')).toMatch(/^[a-z]+(-[a-z]+)*$/);
      }
    }
    expect([...seen.keys()].filter((status) => !statuses.has(status))).toEqual([]);
    expect(seen.get(400)).toBeGreaterThan(100);
    expect(seen.get(200)).toBeGreaterThan(500);
    await poll(() => server.connections === 1 && hub.stats.outlets === 1);
    expect(sequences.length).toBeGreaterThan(1_000);
    expect(sequences.slice(1).filter((next, index) => next !== ((sequences[index] + 1) & 0xffff))).toEqual([]);
    expect(started[0].stats.droppedUnits).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(maxGrowthBytes);
  }, 120_000);

  /** A receiver report, an SDES and what a sender would send; no BYE, which would be right to end the session. */
  const control = (random: () => number): Buffer => {
    const report = Buffer.alloc(32, 7);
    report.set([0x81, 201, 0, 7]);
    const fields = { ssrc: 1, ntp: 2n, timestamp: 3, packets: 4, octets: 5 };
    const data = mutate(Buffer.concat([report, writeSenderReport(fields)]), random);
    for (let at = 1; at < data.length; at++) if (data[at] === 203) data[at] = 204;
    return data;
  };

  it(`takes ${rounds} broken RTCP packets on the connection of a viewer, which plays on`, async () => {
    const socket = await watch('RTP/AVP/TCP;interleaved=0-1');
    const random = seeded(6);
    socket.resume();
    for (let round = 0; round < rounds; round++) {
      socket.write(encodeInterleaved(Math.floor(random() * 4), control(random).subarray(0, 0xffff)));
    }
    const { stats } = started[0];
    const units = stats.units;
    await poll(() => stats.units > units + 40);
    expect(stopped).toEqual([]);
    expect(socket.destroyed).toBe(false);
  }, 20_000);

  it(`takes ${rounds} broken packets on the UDP ports of a viewer, which plays on`, async () => {
    const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')];
    sockets.push(rtp, rtcp);
    for (const socket of [rtp, rtcp]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    let packets = 0;
    rtp.on('message', () => packets++);
    const ports = `${rtp.address().port}-${rtcp.address().port}`;
    const socket = await watch(`RTP/AVP;unicast;client_port=${ports}`);
    const [, ...to] = /server_port=(\d+)-(\d+)/.exec((socket as Socket & { answer: string }).answer)!.map(Number);
    const random = seeded(7);
    for (let round = 0; round < rounds; round++) {
      const data = control(random);
      rtp.send(data, to[0]);
      rtcp.send(data, to[1]);
      rtcp.send(Buffer.from([0x80, 203, 0, 1, 0, 0, 0, 0]), to[1]);
      if (round % 50 === 0) await new Promise(setImmediate);
    }
    const before = packets;
    await poll(() => packets > before + 40);
    expect(stopped).toEqual([]);
  }, 20_000);
});

async function poll(done: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
