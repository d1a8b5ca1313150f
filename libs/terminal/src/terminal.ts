import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import { readHidden } from './hidden-line.js';
import { InterruptedError } from './interrupted.js';
import { type Column, columns, table } from './table.js';

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

type Input = Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };
type Output = Writable & { isTTY?: boolean; columns?: number; hasColors?: () => boolean };

/** Where a command reads and writes: results to `out`, everything about them to `err`. */
export class Terminal {
  constructor(
    readonly input: Input,
    private readonly out: Output,
    private readonly err: Output,
  ) {}

  print(text: string): void {
    this.out.write(`${text}\n`);
  }

  table(rows: readonly (readonly string[])[]): void {
    this.print(table(rows));
  }

  /** A table with titles, as wide as the terminal; `paint` chooses the colour of a cell. */
  columns(
    head: readonly Column[],
    rows: readonly (readonly string[])[],
    paint: (row: number, column: number) => Paint | undefined = () => undefined,
  ): void {
    const coloured = (text: string, row: number, column: number): string =>
      this.paint(text, row < 0 ? 'bold' : paint(row, column));
    this.print(columns(head, rows, { width: this.width, paint: coloured }));
  }

  json(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  note(text: string): void {
    this.err.write(`${text}\n`);
  }

  /** Resolves when all that was written has been taken, or nobody takes it any more: a pipe holds less than a long answer. */
  async flush(): Promise<void> {
    const taken = (output: Output): Promise<void> => new Promise((resolve) => output.write('', () => resolve()));
    await Promise.all([taken(this.out), taken(this.err)]);
  }

  /** Replaces the last progress line; only a terminal gets to see it. An empty text takes it away. */
  progress(text: string): void {
    if (this.err.isTTY === true) this.err.write(`\r\u001B[K${text}`);
  }

  /** Cells of a line of `out`; undefined where it is no terminal. */
  get width(): number | undefined {
    return this.out.isTTY === true ? this.out.columns : undefined;
  }

  /** In colour where `out` is a terminal that has them and `NO_COLOR` is not set. */
  paint(text: string, paint: Paint | undefined): string {
    if (paint === undefined || this.out.isTTY !== true || this.out.hasColors?.() !== true) return text;
    return styleText(paint, text, { validateStream: false });
  }

  /** Asks a yes/no question; undefined where nobody can answer. Anything but yes is no. */
  get ask(): ((question: string) => Promise<boolean>) | undefined {
    const ask = this.askText;
    return ask && (async (question) => /^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim()));
  }

  /** Asks for a line; undefined where nobody can answer. */
  get askText(): ((question: string) => Promise<string>) | undefined {
    if (this.input.isTTY !== true || this.err.isTTY !== true) return undefined;
    return async (question) => {
      const lines = createInterface({ input: this.input, output: this.err });
      try {
        return await new Promise<string>((resolve, reject) => {
          lines.once('SIGINT', () => reject(new InterruptedError()));
          lines.once('close', () => reject(new InterruptedError()));
          lines.question(question).then(resolve, reject);
        });
      } finally {
        lines.close();
      }
    };
  }

  /** Asks for a secret, which is not shown while it is typed; undefined where nobody can answer. @throws InterruptedError */
  get askSecret(): ((question: string) => Promise<string>) | undefined {
    if (this.input.isTTY !== true || this.err.isTTY !== true) return undefined;
    return async (question) => {
      // Before the question is there to be answered: what is typed early is not shown either.
      this.input.setRawMode?.(true);
      try {
        this.err.write(question);
        return await readHidden(this.input);
      } finally {
        this.input.setRawMode?.(false);
        this.err.write('\n');
      }
    };
  }
}
