import { PassThrough } from 'node:stream';
import { encodeMessage, MAX_MESSAGE_BYTES, MessageError, readMessage } from './framed-message.js';

const codeOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'read',
    (error: unknown) => (error instanceof MessageError ? error.code : String(error)),
  );

describe('a framed message', () => {
  it('is read from chunks of any size', async () => {
    const message = { hello: 'wörld', list: [1, 2, 3] };
    const bytes = encodeMessage(message);
    for (const size of [1, 2, 3, 5, 7, bytes.length]) {
      const stream = new PassThrough();
      const reading = readMessage(stream, 1_000);
      for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
      expect(await reading).toEqual(message);
    }
  });

  it('is refused by its length before it is kept', async () => {
    const stream = new PassThrough();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(MAX_MESSAGE_BYTES + 1);
    stream.write(length);
    expect(await codeOf(readMessage(stream, 1_000))).toBe('message-too-large');
  });

  it.each([
    ['two messages', Buffer.concat([encodeMessage(1), encodeMessage(2)]), 'message-overlong'],
    ['text that is not JSON', Buffer.from([0, 0, 0, 1, 0x7b]), 'message-not-json'],
    ['bytes that are not UTF-8', Buffer.from([0, 0, 0, 3, 0x22, 0xff, 0x22]), 'message-not-json'],
  ])('is not %s', async (_case, bytes, code) => {
    const stream = new PassThrough();
    stream.write(bytes);
    expect(await codeOf(readMessage(stream, 1_000))).toBe(code);
  });

  it('has to be whole and in time', async () => {
    const cut = new PassThrough();
    cut.end(encodeMessage({ a: 1 }).subarray(0, 6));
    expect(await codeOf(readMessage(cut, 1_000))).toBe('message-truncated');
    expect(await codeOf(readMessage(new PassThrough(), 5))).toBe('message-late');
  });
});
