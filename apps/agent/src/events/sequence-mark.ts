import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Numbers that one writing of the file covers. */
const STEP = 100_000;

/**
 * A number that no event has reached, beside the store: when the store is lost and the clock is wrong too, as on a machine
 * without a battery, the next store still begins beyond all that was given.
 */
export class SequenceMark {
  #through: number;

  constructor(private readonly path: string) {
    this.#through = read(path);
  }

  /** 0 when nothing is known. */
  get through(): number {
    return this.#through;
  }

  /** Where a store that has come to `last` goes on at least: one from a backup, or a new one, is behind the mark. */
  floorFor(last: number): number {
    return last < this.#through - 2 * STEP ? this.#through : 0;
  }

  /** On the disk when it returns. Raises the errors of node:fs. */
  cover(sequence: number): void {
    if (sequence <= this.#through) return;
    const through = sequence + STEP;
    writeDurably(this.path, `${JSON.stringify({ v: 1, through })}\n`);
    this.#through = through;
  }
}

const read = (path: string): number => {
  try {
    const { through } = JSON.parse(readFileSync(path, 'utf8')) as { through?: unknown };
    return typeof through === 'number' && Number.isSafeInteger(through) && through > 0 ? through : 0;
  } catch {
    return 0;
  }
};

const writeDurably = (path: string, text: string): void => {
  const temporary = `${path}.new`;
  withFile(temporary, 'w', (file) => {
    writeSync(file, text);
    fsyncSync(file);
  });
  renameSync(temporary, path);
  withFile(dirname(path), 'r', fsyncSync);
};

const withFile = (path: string, flags: string, use: (file: number) => void): void => {
  const file = openSync(path, flags, 0o600);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
};
