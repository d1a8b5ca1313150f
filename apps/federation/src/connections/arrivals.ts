/**
 * Hands out together what arrived while the lot before was worked on; a single item at once. Reads `most` items ahead and
 * then lets the source wait. Whoever stops listening must end the source too: it is only let go.
 */
export async function* arrivals<T>(source: AsyncIterable<T>, most: number): AsyncGenerator<T[]> {
  let waiting: T[] = [];
  let isOver = false;
  let failure: { error: unknown } | undefined;
  let arrived = (): void => undefined;
  let taken = (): void => undefined;

  const read = async (): Promise<void> => {
    try {
      for await (const item of source) {
        waiting.push(item);
        arrived();
        while (waiting.length >= most && !isOver) await new Promise<void>((resolve) => (taken = resolve));
        if (isOver) return;
      }
    } catch (error) {
      failure = { error };
    } finally {
      isOver = true;
      arrived();
    }
  };

  void read();
  try {
    for (;;) {
      while (waiting.length === 0 && !isOver) await new Promise<void>((resolve) => (arrived = resolve));
      if (waiting.length === 0) break;
      const lot = waiting;
      waiting = [];
      taken();
      yield lot;
    }
    if (failure) throw failure.error;
  } finally {
    isOver = true;
    taken();
  }
}
