import { ScriptedCamera } from '../../test/scripted-camera.js';
import { mutate, seeded } from '../../test/mutation.js';
import { MediaError } from '../errors.js';
import { Hub } from '../hub/hub.js';
import { writeSenderReport } from '../rtp/control-packet.js';
import { writeRtp } from '../rtp/packet.js';
import { encodeInterleaved } from '../rtsp/message.js';
import { RtspSource } from './rtsp-source.js';

const rounds = 1_000;
const abreast = 20;
const maxGrowthBytes = 150 << 20;

describe('the redirector at the site, when what its camera sends is broken', () => {
  let camera: ScriptedCamera;
  afterEach(() => camera.close());

  it(`goes on after ${rounds} broken RTP and as many RTCP packets`, async () => {
    camera = new ScriptedCamera();
    const hub = new Hub(new RtspSource(await camera.listen()), { firstMs: 20, maxMs: 50 });
    try {
      await hub.describe();
      let keys = 0;
      hub.subscribe({ unit: ({ key }) => void (keys += key ? 1 : 0), end: () => undefined });
      const random = seeded(8);
      const before = process.memoryUsage().rss;
      for (let round = 0; round < rounds; round++) {
        camera.write(encodeInterleaved(0, mutate(rtp(random), random).subarray(0, 0xffff)));
        camera.write(encodeInterleaved(1, mutate(report(), random).subarray(0, 0xffff)));
        if (round % 50 === 0) await new Promise(setImmediate);
      }
      // A broken RTCP packet may have become a BYE: then the camera is opened anew.
      await poll(() => {
        if (hub.state === 'up') camera.sendUnit();
        return hub.state === 'up' && hub.stats.units > 0 && keys > 20;
      });
      expect(process.memoryUsage().rss - before).toBeLessThan(maxGrowthBytes);
    } finally {
      await hub.close();
    }
  }, 30_000);

  it(`says what is wrong with each of ${rounds} broken answers, or plays`, async () => {
    const random = seeded(9);
    const broken = (text: string): string => mutate(Buffer.from(text, 'latin1'), random).toString('latin1');
    camera = new ScriptedCamera((request) => {
      const which = Math.floor(random() * 4);
      if (request.method === 'DESCRIBE' && which < 2) {
        return { headers: { 'Content-Type': 'application/sdp' }, body: broken(ScriptedCamera.sdp) };
      }
      if (request.method === 'SETUP' && which === 2) {
        return {
          headers: { Session: broken('abc;timeout=60'), Transport: broken('RTP/AVP/TCP;unicast;interleaved=0-1') },
        };
      }
      return which === 3
        ? { before: Buffer.from(broken('RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: x\r\n\r\n'), 'latin1') }
        : undefined;
    });
    const url = await camera.listen();
    const codes = new Map<string, number>();
    const open = async (): Promise<void> => {
      const options = { requestTimeoutMs: 500, connectTimeoutMs: 2_000 };
      const listener = { unit: () => undefined, report: () => undefined, ended: () => undefined };
      try {
        const opened = await new RtspSource(url, options).open(listener, new AbortController().signal);
        codes.set('ok', (codes.get('ok') ?? 0) + 1);
        await opened.close();
      } catch (error) {
        expect(error).toBeInstanceOf(MediaError);
        const { code } = error as MediaError;
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    };
    for (let round = 0; round < rounds; round += abreast) await Promise.all(Array.from({ length: abreast }, open));
    const expected = ['ok', 'sdp-malformed', 'rtsp-malformed', 'rtsp-too-large', 'camera-no-media', 'camera-refused'];
    const further = [
      'camera-timeout',
      'camera-closed',
      'camera-transport-refused',
      'camera-foreign-host',
      'camera-not-found',
      'camera-unauthorized',
    ];
    expect([...codes.keys()].filter((code) => ![...expected, ...further].includes(code))).toEqual([]);
    expect(codes.get('ok')).toBeGreaterThan(100);
    expect(codes.size).toBeGreaterThan(3);
  }, 120_000);
});

/** Packets of H.264: a single unit, an aggregate, a fragment; some with padding or an extension. */
function rtp(random: () => number): Buffer {
  const payloads = [
    Buffer.from([0x65, 0x88, 0x84]),
    Buffer.from([0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2, 0, 3, 0x65, 1, 2]),
    Buffer.from([0x7c, 0x85, 1, 2, 3]),
    Buffer.alloc(0),
  ];
  const payload = payloads[Math.floor(random() * payloads.length)];
  const sequence = Math.floor(random() * 65_536);
  const packet = writeRtp({ marker: true, payloadType: 96, sequence, timestamp: sequence * 90, ssrc: 5 }, payload);
  packet[0] = packet[0] | (random() < 0.3 ? 0x10 : 0) | (random() < 0.3 ? 0x20 : 0);
  return packet;
}

const report = (): Buffer => writeSenderReport({ ssrc: 5, ntp: 1n << 40n, timestamp: 1, packets: 2, octets: 3 });

async function poll(done: () => boolean, limitMs = 15_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
