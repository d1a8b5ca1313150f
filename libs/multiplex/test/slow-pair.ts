import type { Duplex } from 'node:stream';
import { socketPair } from './session-pair.js';

export interface SlowLink {
  readonly bytesPerMs: number;
  readonly delayMs: number;
}

/** Two ends of a path with a narrow link each way, a delay, and a queue without an end in front of the link. */
export async function slowPair(link: SlowLink): Promise<[Duplex, Duplex]> {
  const [near, left] = await socketPair();
  const [right, far] = await socketPair();
  relay(left, right, link);
  relay(right, left, link);
  return [near, far];
}

function relay(from: Duplex, to: Duplex, { bytesPerMs, delayMs }: SlowLink): void {
  const queue: { at: number; chunk: Buffer }[] = [];
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const release = (): void => {
    timer = undefined;
    const now = performance.now();
    while (queue[0] !== undefined && queue[0].at <= now) {
      const chunk = queue.shift()?.chunk;
      if (to.writable && chunk !== undefined) to.write(chunk);
    }
    if (queue.length > 0) timer = setTimeout(release, 1);
  };
  from.on('data', (chunk: Buffer) => {
    // In packets: a big chunk arrives bit by bit, as it would.
    for (let at = 0; at < chunk.length; at += 1_500) {
      const packet = chunk.subarray(at, at + 1_500);
      freeAt = Math.max(performance.now(), freeAt) + packet.length / bytesPerMs;
      queue.push({ at: freeAt + delayMs, chunk: packet });
    }
    timer ??= setTimeout(release, 1);
  });
  from.on('close', () => to.destroy());
  from.on('error', () => undefined);
}
