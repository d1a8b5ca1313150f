import { once } from 'node:events';
import { tlsPair } from '../test/tls-pair.js';
import { SYSTEM_CLOCK } from './config.js';
import { Lane } from './lane.js';

const BYTES = 60_000;

describe('TLS records of a lane', () => {
  it('are as short as the path wants them, and stay so', async () => {
    const [near, far] = await tlsPair();
    const ignore = (): void => {};
    const events = { frame: ignore, received: ignore, waiting: ignore, drained: ignore, failed: ignore };
    const lane = new Lane(0, near, events, SYSTEM_CLOCK, 1_000_000);
    const longest = async (): Promise<number> => {
      let [most, received] = [0, 0];
      // What is read at once is never more than one record.
      far.on('data', (chunk: Buffer) => {
        most = Math.max(most, chunk.length);
        received += chunk.length;
        if (received === BYTES) far.removeAllListeners('data').emit('complete');
      });
      const complete = once(far, 'complete');
      lane.write(Buffer.alloc(BYTES));
      lane.flush();
      await complete;
      return most;
    };
    expect(await longest()).toBe(16_384);
    lane.limitRecords(1_042);
    expect(await longest()).toBe(1_042);
    lane.limitRecords(8_192);
    expect(lane.recordBytes).toBe(1_042);
    expect(await longest()).toBe(1_042);
    lane.drop();
    lane.limitRecords(600);
    far.destroy();
  });
});
