import { CommandFault } from './command.js';

/** Commands of one entity that may wait for the one before. */
const MAX_WAITING = 16;

export interface QueuedCommand<T> {
  /** Aborted when the command must not begin any more. */
  signal: AbortSignal;
  /** Of those that replace each other only the newest is sent: a camera turns where it was told last. */
  replaces: boolean;
  work: () => Promise<T>;
}

/** The commands of one entity, one after the other: a device that is asked twice at once may obey in any order. */
export class CommandQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #newest = 0;

  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** @throws CommandFault `command-expired`, `superseded`, `entity-busy`; whatever the work throws */
  async run<T>({ signal, replaces, work }: QueuedCommand<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) throw new CommandFault('entity-busy', 'too many commands wait for the device');
    const number = replaces ? ++this.#newest : undefined;
    this.#waiting += 1;
    const turn = this.#last.then(() => {
      if (signal.aborted) throw new CommandFault('command-expired', 'its time was over before it could begin');
      if (number !== undefined && number !== this.#newest)
        throw new CommandFault('superseded', 'a newer command for the same camera came before it could begin');
      return work();
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}
