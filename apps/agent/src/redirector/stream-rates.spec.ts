import { parseDescription } from '@app/media';
import { StreamRates } from './stream-rates.js';

const SDP = [
  'v=0',
  'm=video 0 RTP/AVP 96',
  'b=AS:4000',
  'a=rtpmap:96 H264/90000',
  'm=audio 0 RTP/AVP 0',
  'b=TIAS:64000',
  '',
].join('\r\n');

describe('StreamRates', () => {
  let now = 0;
  let rates: StreamRates;

  beforeEach(() => {
    now = 0;
    rates = new StreamRates(() => now);
  });

  /** One look a second while the stream brings so much. */
  const run = (key: string, seconds: number, bytesPerSecond: number, from = 0): number => {
    let bytes = from;
    for (let second = 0; second < seconds; second += 1) {
      now += 1_000;
      bytes += bytesPerSecond;
      rates.look(key, bytes);
    }
    return bytes;
  };

  it('believes what a stream says of itself until it has been measured', () => {
    expect(rates.expect('a')).toBe(0);
    rates.declare('a', parseDescription(SDP));
    expect(rates.expect('a')).toBe(4_064_000);
    run('a', 3, 250_000);
    expect(rates.expect('a')).toBe(2_000_000);
    rates.declare('a', parseDescription(SDP));
    expect(rates.expect('a')).toBe(2_000_000);
  });

  it('follows a stream that changes, within seconds', () => {
    const bytes = run('a', 10, 250_000);
    run('a', 6, 500_000, bytes);
    expect(rates.expect('a')).toBe(4_000_000);
  });

  it('keeps the figure of a stream that nobody watches now, also when it begins anew', () => {
    run('a', 5, 250_000);
    for (let second = 0; second < 60; second += 1) rates.look('a', 1_250_000);
    expect(rates.expect('a')).toBe(2_000_000);
    now += 60_000;
    run('a', 1, 100);
    expect(rates.expect('a')).toBe(2_000_000);
    run('a', 3, 125_000, 100);
    expect(rates.expect('a')).toBe(1_000_000);
  });

  it('forgets the streams that were seen longest ago', () => {
    run('a', 5, 250_000);
    for (let index = 0; index < 5_000; index += 1) rates.look(`other ${index}`, 0);
    expect(rates.expect('a')).toBe(0);
  });
});
