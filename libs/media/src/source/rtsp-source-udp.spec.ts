import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { mutate, seeded } from '../../test/mutation.js';
import { DatagramCamera } from '../../test/datagram-camera.js';
import { type Script } from '../../test/scripted-camera.js';
import type { AccessUnit } from '../access-unit.js';
import { UdpPorts } from '../delivery/udp-ports.js';
import { Hub } from '../hub/hub.js';
import { writeSenderReport } from '../rtp/control-packet.js';
import { writeRtp } from '../rtp/packet.js';
import { RtspSource, type RtspSourceOptions } from './rtsp-source.js';
import type { OpenSource } from './source.js';

const key = [0x65, 0x88];
const delta = [0x41, 0x9a];

describe('RtspSource over UDP', () => {
  let camera: DatagramCamera;
  let opened: OpenSource | undefined;
  const units: AccessUnit[] = [];
  const ended: string[] = [];
  const listener = {
    unit: (unit: AccessUnit): void => void units.push(unit),
    report: (): void => undefined,
    ended: (error: { code: string }): void => void ended.push(error.code),
  };

  beforeEach(() => {
    units.length = 0;
    ended.length = 0;
    opened = undefined;
  });

  afterEach(async () => {
    await opened?.close();
    await camera.close();
  });

  const source = async (script?: Script, options: Partial<RtspSourceOptions> = {}): Promise<RtspSource> => {
    camera = new DatagramCamera(script);
    const url = await camera.listen();
    return new RtspSource(url, { transport: 'udp', firstPacketMs: 150, requestTimeoutMs: 500, ...options });
  };
  const open = (from: RtspSource): Promise<OpenSource> => from.open(listener, new AbortController().signal);
  /** PLAY is answered, then the first packet comes. */
  const playing: Script = (request) => {
    if (request.method === 'PLAY') setTimeout(() => camera.send(1, 1, key), 20);
    return undefined;
  };
  const timestamps = (): number[] => units.map((unit) => unit.timestamp / 3600);

  it('plays when the first packet is here, and gives what it used back', async () => {
    const ports = new UdpPorts(29_500, 29_501);
    for (let round = 0; round < 2; round++) {
      const from =
        round === 0 ? await source(playing, { ports }) : new RtspSource(await restarted(), { transport: 'udp', ports });
      opened = await open(from);
      await poll(() => units.length === round + 1);
      expect(opened.reception?.()).toMatchObject({ transport: 'udp', packets: 1, lost: 0 });
      await opened.close();
      if (round === 0) await camera.close();
    }
    expect(camera.rtsp.methods).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);

    async function restarted(): Promise<string> {
      camera = new DatagramCamera(playing);
      return camera.listen();
    }
  });

  it('puts packets in order, counts a loss, and leaves out what it touched', async () => {
    opened = await open(await source(playing));
    camera.send(3, 3, delta);
    camera.send(2, 2, delta);
    camera.send(4, 4, [0x7c, 0x81, 1], false);
    camera.send(6, 4, [0x7c, 0x41, 3]);
    camera.send(7, 5, delta);
    camera.send(8, 6, key);
    await poll(() => units.length === 5);
    expect(timestamps()).toEqual([1, 2, 3, 5, 6]);
    expect(units.map(({ discontinuity }) => discontinuity)).toEqual([false, false, false, true, false]);
    expect(opened.reception?.()).toMatchObject({ packets: 7, lost: 1 });
  });

  it('goes on at a keyframe behind a loss: viewers see neither a broken picture nor a gap in the numbers', async () => {
    const hub = new Hub(await source(playing));
    try {
      await hub.describe();
      hub.subscribe({ unit: (unit) => void units.push(unit), end: () => undefined });
      await poll(() => units.length === 1);
      for (const [sequence, timestamp] of [
        [2, 2],
        [4, 4],
        [5, 5],
      ])
        camera.send(sequence, timestamp, delta);
      camera.send(6, 6, key);
      camera.send(7, 7, delta);
      await poll(() => timestamps().includes(7));
      expect(timestamps()).toEqual([1, 2, 6, 7]);
      const sequences = units.flatMap(({ packets }) => packets.map((packet) => packet.readUInt16BE(2)));
      expect(sequences).toEqual([1, 2, 3, 4]);
      expect(hub.stats.reception).toMatchObject({ transport: 'udp', lost: 1 });
    } finally {
      await hub.close();
    }
  });

  it('takes packets from the camera alone', async () => {
    opened = await open(await source(playing));
    const stranger = createSocket('udp4').bind(0, '127.0.0.2');
    await once(stranger, 'listening');
    try {
      camera.send(2, 2, key, true, stranger);
      await delay(50);
      camera.send(2, 3, delta);
      await poll(() => units.length === 2);
      expect(timestamps()).toEqual([1, 3]);
      expect(opened.reception?.()).toMatchObject({ packets: 2, late: 0 });
    } finally {
      stranger.close();
    }
  });

  it('goes on after 1,000 broken datagrams on each port', async () => {
    const hub = new Hub(await source(playing, { silenceMs: 2_000 }), { firstMs: 20, maxMs: 50 });
    try {
      await hub.describe();
      let keys = 0;
      hub.subscribe({ unit: (unit) => void (keys += unit.key ? 1 : 0), end: () => undefined });
      const random = seeded(11);
      const packet = (sequence: number): Buffer =>
        writeRtp(
          { marker: true, payloadType: 96, sequence, timestamp: sequence, ssrc: 5 },
          Buffer.from([0x7c, 0x85, 1]),
        );
      for (let round = 0; round < 1_000; round++) {
        camera.sendRaw(mutate(packet(Math.floor(random() * 65_536)), random));
        const report = { ssrc: 5, ntp: 1n << 40n, timestamp: 1, packets: 2, octets: 3 };
        camera.sendControl(mutate(writeSenderReport(report), random));
        if (round % 20 === 0) await delay(1);
      }
      // A broken report may have become a BYE: then the camera is opened anew.
      for (let sequence = 1; keys < 20; sequence++) {
        camera.send(sequence, sequence, key);
        await delay(5);
        if (sequence > 1_000) throw new Error('not in time');
      }
    } finally {
      await hub.close();
    }
  }, 30_000);

  it('reports what it received, and the delay since the last sender report', async () => {
    const reports: number[] = [];
    opened = await (
      await source(playing)
    ).open({ ...listener, report: ({ timestamp }) => void reports.push(timestamp) }, new AbortController().signal);
    camera.sendControl(writeSenderReport({ ssrc: 5, ntp: 7n << 32n, timestamp: 9, packets: 1, octets: 1 }));
    await poll(() => reports.length === 1 && camera.rtcp.length > 0);
    expect(camera.rtcp[0]?.subarray(0, 2)).toEqual(Buffer.from([0x80, 201]));
  });

  it('ends when the camera says BYE or nothing comes any more', async () => {
    opened = await open(await source(playing, { silenceMs: 100 }));
    await poll(() => ended.length === 1);
    opened = await open(new RtspSource(camera.rtsp.url, { transport: 'udp' }));
    camera.sendControl(Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 5]));
    await poll(() => ended.length === 2);
    expect(ended).toEqual(['camera-silent', 'camera-closed']);
  });

  it.each([
    ['nothing comes', () => undefined, 'camera-silent'],
    ['the camera grants TCP', grant('RTP/AVP/TCP;unicast;interleaved=0-1'), 'camera-transport-refused'],
    ['the camera grants multicast', grant('RTP/AVP;multicast;destination=239.1.1.1'), 'camera-transport-refused'],
    [
      'the camera refuses it',
      ({ method }) => (method === 'SETUP' ? { status: 461 } : undefined),
      'camera-transport-refused',
    ],
  ] as [string, Script, string][])('says so when %s', async (_title, script, code) => {
    await expect(open(await source(script))).rejects.toMatchObject({ code });
    expect(ended).toEqual([]);
  });

  it('has no port left when others have them all, and says so', async () => {
    const ports = new UdpPorts(29_502, 29_503);
    const pair = await ports.bind('127.0.0.1');
    await expect(open(await source(playing, { ports }))).rejects.toMatchObject({ code: 'udp-ports-exhausted' });
    for (const socket of [pair.rtp, pair.rtcp]) socket.close();
  });

  describe('by itself', () => {
    const setups = (): (string | undefined)[] =>
      camera.rtsp.requests
        .filter(({ method }) => method === 'SETUP')
        .map(({ headers }) => headers.get('transport')?.split(';')[0]);

    it('takes UDP from a camera that refuses TCP, and begins with it the next time', async () => {
      const from = await source(playing, { transport: 'auto' });
      opened = await open(from);
      expect(setups()).toEqual(['RTP/AVP/TCP', 'RTP/AVP']);
      await opened.close();
      opened = await open(from);
      expect(setups().slice(2)).toEqual(['RTP/AVP']);
    });

    it('goes back to TCP when no datagram arrives', async () => {
      let refuses = true;
      const script: Script = (request) => {
        if (!refuses && request.method === 'SETUP' && request.headers.get('transport')?.includes('TCP')) {
          return { headers: { Session: 'abc', Transport: request.headers.get('transport') } };
        }
        return refuses ? playing(request, camera.rtsp) : undefined;
      };
      const from = await source(script, { transport: 'auto' });
      opened = await open(from);
      await opened.close();
      refuses = false;
      opened = await open(from);
      expect(setups()).toEqual(['RTP/AVP/TCP', 'RTP/AVP', 'RTP/AVP', 'RTP/AVP/TCP']);
      expect(opened.reception?.().transport).toBe('tcp');
    });

    it('tells of the second when both fail', async () => {
      const from = await source(undefined, { transport: 'auto' });
      await expect(open(from)).rejects.toMatchObject({ code: 'camera-silent' });
    });
  });
});

function grant(transport: string): Script {
  return ({ method }) => (method === 'SETUP' ? { headers: { Session: 'abc', Transport: transport } } : undefined);
}

async function poll(done: () => boolean, limitMs = 5000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('not in time');
    await delay(5);
  }
}
