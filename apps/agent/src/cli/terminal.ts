import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { table } from './table.js';

/** Where a command reads and writes: results to `out`, everything about them to `err`. */
export class Terminal {
  constructor(
    readonly input: Readable & { isTTY?: boolean },
    private readonly out: Writable,
    private readonly err: Writable & { isTTY?: boolean },
  ) {}

  print(text: string): void {
    this.out.write(`${text}\n`);
  }

  table(rows: readonly (readonly string[])[]): void {
    this.print(table(rows));
  }

  json(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  note(text: string): void {
    this.err.write(`${text}\n`);
  }

  /** Asks a yes/no question; undefined where nobody can answer. Anything but yes is no. */
  get ask(): ((question: string) => Promise<boolean>) | undefined {
    if (this.input.isTTY !== true || this.err.isTTY !== true) return undefined;
    return async (question) => {
      const lines = createInterface({ input: this.input, output: this.err });
      try {
        return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
      } finally {
        lines.close();
      }
    };
  }
}
