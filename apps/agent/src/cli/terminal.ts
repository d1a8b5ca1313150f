import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { readHidden } from './hidden-line.js';
import { table } from './table.js';

/** Where a command reads and writes: results to `out`, everything about them to `err`. */
export class Terminal {
  constructor(
    readonly input: Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown },
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

  /** Asks for a text that is not shown; undefined where nobody can answer. @throws AgentError `not-confirmed` on Ctrl-C */
  get askSecret(): ((question: string) => Promise<string>) | undefined {
    const { input, err } = this;
    if (input.isTTY !== true || err.isTTY !== true || input.setRawMode === undefined) return undefined;
    return async (question) => {
      err.write(question);
      input.setRawMode?.(true);
      try {
        return await readHidden(input);
      } finally {
        input.setRawMode?.(false);
        err.write('\n');
      }
    };
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
