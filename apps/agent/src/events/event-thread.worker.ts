import { parentPort, workerData } from 'node:worker_threads';
import { EventStore, type EventStoreOptions } from './event-store.js';
import { isPassing } from './event-store.errors.js';
import type { AnswerMessage, CallMessage } from './event-thread.messages.js';

const store = new EventStore({
  ...(workerData as Pick<EventStoreOptions, 'directory' | 'limits'>),
  now: Date.now,
  steady: () => performance.now(),
});

const answer = ({ id, name, args }: CallMessage): AnswerMessage => {
  try {
    const call = store[name] as (...given: unknown[]) => unknown;
    return { id, result: call.apply(store, args) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, fault: { message, isPassing: isPassing(error) } };
  }
};

parentPort?.on('message', (message: CallMessage) => parentPort?.postMessage(answer(message)));
