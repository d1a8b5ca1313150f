import { Worker } from 'node:worker_threads';
import type { AnswerMessage, AsyncEventStore, CallName } from './event-thread.messages.js';
import type { EventLimits } from './stored-event.js';

/** A call to the store that failed. */
export class EventStoreError extends Error {
  override readonly name = 'EventStoreError';

  constructor(
    message: string,
    /** Whether the same call may succeed later. */
    readonly isPassing: boolean,
  ) {
    super(message);
  }
}

export interface EventThreadOptions {
  /** The state directory. */
  directory: string;
  limits: EventLimits;
  /** Module of the thread. */
  entry?: URL;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: EventStoreError) => void;
}

const OWN_ENTRY = new URL('./event-thread.worker.js', import.meta.url);
const HEAP_MB = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/**
 * The store in a thread of its own, as its calls wait for the disk and video must not. A thread that died is replaced by
 * the next call; calls are done in their order.
 */
export class EventThread implements AsyncEventStore {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(private readonly options: EventThreadOptions) {}

  readonly open = this.#caller('open');
  readonly append = this.#caller('append');
  readonly locate = this.#caller('locate');
  readonly read = this.#caller('read');
  readonly mark = this.#caller('mark');
  readonly tick = this.#caller('tick');

  /** In order; harmless when repeated. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#worker !== undefined) await this.#call(this.#worker, 'close', []);
    await this.#worker?.terminate();
  }

  #caller<Name extends CallName>(name: Name): AsyncEventStore[Name] {
    const call = async (...args: unknown[]): Promise<unknown> => {
      if (this.#isClosed) throw new EventStoreError('the store is closed', true);
      this.#worker ??= this.#start();
      return await this.#call(this.#worker, name, args);
    };
    return call as AsyncEventStore[Name];
  }

  #call(worker: Worker, name: CallName, args: unknown[]): Promise<unknown> {
    const id = (this.#lastId += 1);
    const answered = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    worker.postMessage({ id, name, args });
    return answered;
  }

  #start(): Worker {
    const { directory, limits, entry = OWN_ENTRY } = this.options;
    const worker = new Worker(entry, { workerData: { directory, limits }, resourceLimits: HEAP_MB });
    let fault = 'its thread has ended';
    worker.on('message', (answer: AnswerMessage) => this.#take(answer));
    worker.on('error', (error) => (fault = error.message));
    worker.once('exit', () => this.#ended(worker, fault));
    return worker;
  }

  #take(answer: AnswerMessage): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new EventStoreError(answer.fault.message, answer.fault.isPassing));
  }

  #ended(worker: Worker, message: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new EventStoreError(message, true));
  }
}
