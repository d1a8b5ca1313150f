import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@app/contracts';

/** Repeats what the database is away for; whoever sends meanwhile is held back. Any other error is thrown, and that of an abort. */
export const outlastOutage = async <T>(work: () => Promise<T>, signal: AbortSignal, retryMs: number): Promise<T> => {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'unavailable') || signal.aborted) throw error;
      await delay(retryMs, undefined, { signal });
    }
  }
};
