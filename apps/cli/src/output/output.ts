import type { Column, Paint, Terminal } from '@app/terminal';
import { printable } from '@app/terminal';
import { collect } from '../api/collect.js';

export interface OutputMode {
  json?: boolean;
  quiet?: boolean;
}

/** A column of a list of `T`. */
export interface Field<T> extends Column {
  of: (item: T) => string;
  paint?: (item: T) => Paint | undefined;
}

/** A result in the form that was asked for: a table for people, one JSON value a line for programs, or bare ids. */
export class Output {
  constructor(
    readonly terminal: Terminal,
    private readonly mode: OutputMode,
  ) {}

  get isJson(): boolean {
    return this.mode.json === true;
  }

  /** What is said beside the result; not in quiet mode. */
  note(text: string): void {
    if (this.mode.quiet !== true) this.terminal.note(text);
  }

  progress(text: string): void {
    if (this.mode.quiet !== true) this.terminal.progress(text);
  }

  json(value: unknown): void {
    this.terminal.print(JSON.stringify(value));
  }

  /** @param nothing said of an empty list, with what to do about it */
  async list<T>(
    items: AsyncIterable<T> | Iterable<T>,
    fields: readonly Field<T>[],
    { id, nothing }: { id: (item: T) => string; nothing: string },
  ): Promise<void> {
    if (this.mode.json === true || this.mode.quiet === true) {
      for await (const item of items) {
        if (this.mode.json === true) this.json(item);
        else this.terminal.print(printable(id(item)));
      }
      return;
    }
    const rows = await collect(items);
    if (rows.length === 0) this.terminal.note(nothing);
    else {
      const cells = rows.map((item) => fields.map(({ of }) => of(item)));
      this.terminal.columns(fields, cells, (row, column) => {
        const item = rows[row];
        return item === undefined ? undefined : fields[column]?.paint?.(item);
      });
    }
  }

  /** One thing: its rows, or its id alone in quiet mode. */
  one<T>(item: T, id: string, rows: readonly (readonly [string, string])[]): void {
    if (this.mode.json === true) this.json(item);
    else if (this.mode.quiet === true) this.terminal.print(printable(id));
    else this.terminal.table(rows);
  }

  /** Something was done, and this is the sentence about it. */
  done(item: unknown, sentence: string): void {
    if (this.mode.json === true) this.json(item);
    else if (this.mode.quiet !== true) this.terminal.print(printable(sentence));
  }
}
