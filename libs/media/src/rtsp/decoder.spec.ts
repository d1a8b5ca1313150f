import fc from 'fast-check';
import { RtspDecoder, type DecoderOptions, type RtspItem } from './decoder.js';

const options: DecoderOptions = { maxHeaderBytes: 1024, maxBodyBytes: 256, maxJunkBytes: 0 };

function decode(data: Buffer[], more: Partial<DecoderOptions> = {}): RtspItem[] {
  const decoder = new RtspDecoder({ ...options, ...more });
  return data.flatMap((chunk) => [...decoder.push(chunk)]);
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

const stream = Buffer.concat([
  Buffer.from('OPTIONS rtsp://h/p RTSP/1.0\r\ncseq: 1\r\nX-Folded: a\r\n  b\r\n\r\n'),
  Buffer.from([0x24, 1, 0, 3, 9, 8, 7]),
  Buffer.from('\r\nRTSP/1.0 200 OK\nCSeq: 2\nContent-length: 4\n\nbody'),
  Buffer.from([0x24, 0, 0, 0]),
]);

describe('RtspDecoder', () => {
  it('reads requests, answers and interleaved frames whatever the chunking', () => {
    const whole = JSON.stringify(decode([stream]));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
        expect(JSON.stringify(decode(chunks))).toBe(whole);
      }),
    );
    const [request, frame, answer, empty] = decode([stream]);
    expect(request).toMatchObject({
      kind: 'request',
      request: { method: 'OPTIONS', url: 'rtsp://h/p', version: '1.0' },
    });
    expect(request.kind === 'request' && request.request.headers.get('X-FOLDED')).toBe('a b');
    expect(frame).toMatchObject({ kind: 'interleaved', channel: 1, data: Buffer.from([9, 8, 7]) });
    expect(answer.kind === 'response' && answer.response.body.toString()).toBe('body');
    expect(empty).toMatchObject({ kind: 'interleaved', channel: 0 });
  });

  it('holds back what is no whole item, at every byte', () => {
    const requestBytes = stream.indexOf('$');
    for (let end = 0; end < requestBytes; end++) expect(decode([stream.subarray(0, end)])).toEqual([]);
  });

  it.each([
    ['a header beyond the cap', `OPTIONS * RTSP/1.0\r\nX: ${'a'.repeat(2000)}`, 'rtsp-too-large'],
    ['a body beyond the cap before it arrives', 'OPTIONS * RTSP/1.0\r\nContent-Length: 257\r\n\r\n', 'rtsp-too-large'],
    ['a body length that is no number', 'OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n', 'rtsp-malformed'],
    ['too many header fields', `OPTIONS * RTSP/1.0\r\n${'A: b\r\n'.repeat(70)}\r\n`, 'rtsp-too-large'],
    ['another protocol at its first line end', 'GET / HTTP/1.1\r\nHost', 'rtsp-malformed'],
    ['a field without a colon', 'OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n', 'rtsp-malformed'],
  ])('refuses %s', (_title, text, code) => {
    expect(codeOf(() => decode([Buffer.from(text)]))).toBe(code);
  });

  it('skips rubbish between frames up to its cap, also a dollar of no channel in use', () => {
    const rubbish = Buffer.from([0, 1, 0x24, 77, 0xff, 0xff, 0x52, 0x54]);
    const frame = Buffer.from([0x24, 0, 0, 1, 5]);
    const answer = Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n');
    const lenient = { maxJunkBytes: 64, isChannel: (channel: number): boolean => channel < 2 };
    const items = decode(
      [...Buffer.concat([rubbish, frame, rubbish, answer, frame])].map((byte) => Buffer.from([byte])),
      lenient,
    );
    expect(items.map((item) => item.kind)).toEqual(['interleaved', 'response', 'interleaved']);
    expect(codeOf(() => decode([Buffer.alloc(100)], lenient))).toBe('rtsp-malformed');
  });

  it('reads a field full of blanks in time by its length, not by its square', () => {
    const blanks = ' '.repeat(200_000);
    const request = Buffer.from(`OPTIONS * RTSP/1.0\r\nCSeq : \t1 \r\nX: a${blanks}b\r\n\r\n`);
    const startedAt = performance.now();
    const [item] = decode([request], { maxHeaderBytes: 300_000 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const headers = item?.kind === 'request' ? item.request.headers : undefined;
    expect([headers?.get('cseq'), headers?.get('x')?.length]).toEqual(['1', 200_002]);
  });
});
