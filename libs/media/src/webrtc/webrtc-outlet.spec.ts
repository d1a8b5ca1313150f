import { Hub } from '../hub/hub.js';
import { readRtp } from '../rtp/packet.js';
import { FakeSource } from '../../test/fake-source.js';
import { readControlPackets } from '../rtp/control-packet.js';
import { asksForKeyframe, WebRtcOutlet } from './webrtc-outlet.js';

describe('WebRtcOutlet', () => {
  let source: FakeSource;
  let hub: Hub;
  let sent: Buffer[];
  let reports: Buffer[];
  let ended: string | undefined;

  beforeEach(() => {
    [source, sent, reports, ended] = [new FakeSource(), [], [], undefined];
    hub = new Hub(source);
  });

  afterEach(() => hub.close());

  const join = async (): Promise<WebRtcOutlet> => {
    const send = (packet: Buffer): unknown => (packet[1] === 200 ? reports : sent).push(packet);
    const target = { payloadType: 102, ssrc: 77, send };
    const outlet = new WebRtcOutlet(hub, await hub.describe(), { video: target }, ({ code }) => (ended = code));
    outlet.start();
    return outlet;
  };

  it('begins with the next keyframe, under its own numbers and without a gap', async () => {
    const first = await join();
    for (const key of [true, false]) source.send(key);
    sent = [];
    const late = await join();
    first.stop();
    source.send(false);
    expect(sent.filter((packet) => readRtp(packet)!.sequence < 0)).toEqual([]);
    sent = [];
    source.send(true);
    source.send(false);
    const headers = sent.map((packet) => readRtp(packet)!);
    expect(new Set(headers.map(({ payloadType, ssrc }) => `${payloadType} ${ssrc}`))).toEqual(new Set(['102 77']));
    const [{ sequence: start }] = headers;
    expect(headers.map(({ sequence }) => (sequence - start) & 0xffff)).toEqual(headers.map((_, index) => index));
    expect(late.stats.droppedUnits).toBe(1);
    late.stop();
  });

  it('ends a viewer of a stream that has B-frames', async () => {
    const outlet = await join();
    source.send(true);
    source.send(false);
    const { listener } = source;
    const original = listener!.unit.bind(listener);
    source.listener = { ...listener!, unit: (unit) => original({ ...unit, timestamp: unit.timestamp - 7200 }) };
    source.send(false);
    expect(ended).toBe('stream-not-playable');
    outlet.stop();
  });

  it('tells wall clock before the first packet, so that sound and picture can be put together', async () => {
    const outlet = await join();
    source.send(true);
    source.send(false);
    expect(reports).toHaveLength(1);
    expect(readControlPackets(reports[0])[0]).toMatchObject({
      kind: 'sender-report',
      ssrc: 77,
      timestamp: readRtp(sent[0])!.timestamp,
    });
    outlet.stop();
  });

  it('reads the requests for a keyframe out of RTCP', () => {
    const report = Buffer.from('80c90001 00000001'.replaceAll(' ', ''), 'hex');
    const loss = Buffer.from('81ce0002 00000001 00000002'.replaceAll(' ', ''), 'hex');
    expect(asksForKeyframe(Buffer.concat([report, loss]))).toBe(true);
    expect(asksForKeyframe(report)).toBe(false);
    expect(asksForKeyframe(Buffer.from([1, 2, 3]))).toBe(false);
  });
});
