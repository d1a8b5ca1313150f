import { openChannel, startedPair, until } from '../test/session-pair.js';
import { slowPair } from '../test/slow-pair.js';

/** 10 Mbit/s, 40 ms there and back. */
const LINE = { bytesPerMs: 1_250, delayMs: 20 };
/** What the line carries in a round trip and 100 ms: the bench holds the times, this holds on a busy machine too. */
const QUEUE_BYTES = 175_000;

const percentile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Infinity;

/** Sends as fast as it is let, until the returned function is called. @returns also the bytes that arrived. */
async function saturate(
  pair: Awaited<ReturnType<typeof startedPair>>,
): Promise<{ stop: () => void; bytes: () => number }> {
  const [sink, source] = await openChannel(pair, 'bulk');
  let stopped = false;
  sink.onData = (chunk) => sink.consume(chunk.length);
  const pump = (): void => {
    while (!stopped && source.write(Buffer.alloc(20_000)));
  };
  source.onDrain = pump;
  pump();
  return { stop: () => (stopped = true), bytes: () => sink.bytesReceived };
}

/** Round trips of 100 bytes on a control channel. @returns for each, the bytes of bulk that arrived meanwhile */
async function echoes(
  pair: Awaited<ReturnType<typeof startedPair>>,
  count: number,
  bulkBytes: () => number,
): Promise<number[]> {
  const [near, far] = await openChannel(pair, 'control');
  far.onData = (chunk) => {
    far.consume(chunk.length);
    far.write(Buffer.from(chunk));
  };
  const passed: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = bulkBytes();
    const back = new Promise<void>((resolve) => {
      near.onData = (chunk) => {
        near.consume(chunk.length);
        resolve();
      };
    });
    near.write(Buffer.alloc(100));
    await back;
    passed.push(bulkBytes() - before);
  }
  return passed;
}

describe('on a slow line that bulk saturates', () => {
  it('control overtakes what waits: no more bulk goes before it than the line holds', async () => {
    const pair = await startedPair({ transports: await slowPair(LINE), config: { closeLingerMs: 10 } });
    const load = await saturate(pair);
    await until(() => load.bytes() > 1_000_000);
    const passed = await echoes(pair, 40, load.bytes);
    load.stop();
    pair.close();
    expect(percentile(passed, 0.5)).toBeLessThan(QUEUE_BYTES);
  }, 30_000);
});

describe('a lane whose DATA gets nowhere', () => {
  it('is dead although the peer’s bytes still come', async () => {
    const [near, far] = await slowPair({ bytesPerMs: 100_000, delayMs: 0 });
    const pair = await startedPair({
      transports: [near, far],
      config: { pingIntervalMs: 10, deadAfterMs: 100, closeLingerMs: 10 },
      agentConfig: { deadAfterMs: 5_000 },
    });
    const [channel, site] = await openChannel(pair);
    channel.onData = (chunk) => channel.consume(chunk.length);
    const timer = setInterval(() => site.write(Buffer.from('video')), 5);
    near.pause();
    channel.write(Buffer.from('never read'));
    await until(() => pair.broker.state === 'closed');
    clearInterval(timer);
    expect(pair.broker.closeReason?.code).toBe('peer-silent');
    pair.close();
    near.destroy();
  });
});
