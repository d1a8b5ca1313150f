import { setTimeout as delay } from 'node:timers/promises';

export interface BatchLimits {
  most: number;
  /** Sum of what `sizeOf` says. */
  mostBytes: number;
  /** After the first of a batch, how long others are waited for. */
  settleMs: number;
}

type Step<T> = { result: IteratorResult<T> } | { error: unknown };

/**
 * What a stream brings, in batches: all that has come by then, up to the limits. While a batch is being worked on, one
 * more item is asked for at most, so that a slow taker holds back the sender. An error comes after what was before it.
 */
export async function* inBatches<T>(
  source: AsyncIterable<T>,
  sizeOf: (item: T) => number,
  { most, mostBytes, settleMs }: BatchLimits,
): AsyncGenerator<T[]> {
  const iterator = source[Symbol.asyncIterator]();
  const ask = (): Promise<Step<T>> =>
    iterator.next().then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
  let next = ask();
  try {
    for (;;) {
      const batch: T[] = [];
      let bytes = 0;
      const settled = new AbortController();
      let over: Promise<undefined> | undefined;
      while (batch.length < most && bytes < mostBytes) {
        const step = await (over === undefined ? next : Promise.race([next, over]));
        if (step === undefined) break;
        const item = itemOf(step, batch.length === 0);
        if (item === undefined) break;
        batch.push(item.value);
        bytes += sizeOf(item.value);
        next = ask();
        over ??= delay(settleMs, undefined, { signal: settled.signal }).catch(() => undefined);
      }
      settled.abort();
      if (batch.length === 0) return;
      yield batch;
    }
  } finally {
    void iterator.return?.().catch(() => undefined);
  }
}

/** Undefined at the end, or for an error that has to wait until the batch is taken. */
const itemOf = <T>(step: Step<T>, isFirst: boolean): { value: T } | undefined => {
  if ('error' in step) {
    if (isFirst) throw step.error;
    return undefined;
  }
  return step.result.done === true ? undefined : { value: step.result.value };
};
