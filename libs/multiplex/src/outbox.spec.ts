import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { socketPair } from '../test/session-pair.js';
import { flushSoon, Outbox } from './outbox.js';

describe('an outbox', () => {
  it('puts what one turn brought into one write, in order', async () => {
    const [near, far] = duplexPair();
    const outbox = new Outbox(near);
    const chunks = Array.from({ length: 50 }, (_, index) => randomBytes(1 + index * 40));
    for (const chunk of chunks) {
      outbox.append(chunk);
      flushSoon(outbox);
    }
    const [first] = (await new Promise((resolve) => far.once('data', (...got) => resolve(got)))) as [Buffer];
    expect(first.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('tells when the stream has taken the bytes, and loses none beyond the size of a buffer', async () => {
    const [near, far] = await socketPair();
    let taken = 0;
    const outbox = new Outbox(near, (bytes) => (taken += bytes));
    const bytes = randomBytes(1_000_000);
    outbox.append(bytes);
    outbox.flush();
    near.end();
    expect((await buffer(far)).equals(bytes)).toBe(true);
    expect(taken).toBe(bytes.length);
    far.destroy();
    near.destroy();
  });

  it('does not use a buffer again that a stream of the process may have passed on', async () => {
    const [near, far] = duplexPair();
    const outbox = new Outbox(near);
    const sent: Buffer[] = [];
    for (let count = 0; count < 20; count += 1) {
      const bytes = randomBytes(10_000);
      sent.push(bytes);
      outbox.append(bytes);
      outbox.flush();
    }
    near.end();
    expect((await buffer(far)).equals(Buffer.concat(sent))).toBe(true);
  });
});
