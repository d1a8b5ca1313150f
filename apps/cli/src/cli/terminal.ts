import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';

const GAP = '  ';
const CLEAR_LINE = '\r\u001b[K';

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

  /** Columns as wide as their widest cell; the last one runs free. */
  table(rows: readonly (readonly string[])[]): void {
    const widths: number[] = [];
    for (const row of rows) {
      row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
    }
    const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(GAP));
    this.print(lines.map((line) => line.trimEnd()).join('\n'));
  }

  json(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  note(text: string): void {
    this.err.write(`${this.err.isTTY === true ? CLEAR_LINE : ''}${text}\n`);
  }

  /** One line that the next one replaces; nothing where nobody looks. */
  progress(text: string): void {
    if (this.err.isTTY === true) this.err.write(`${CLEAR_LINE}${text}`);
  }

  get isInteractive(): boolean {
    return this.input.isTTY === true && this.err.isTTY === true;
  }

  /** @param options.secret the answer is not shown */
  async ask(question: string, { secret = false, signal }: { secret?: boolean; signal: AbortSignal }): Promise<string> {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    if (secret) this.err.write(question);
    const lines = createInterface({
      input: this.input,
      output: secret ? silent : this.err,
      terminal: this.isInteractive,
    });
    try {
      return (await lines.question(secret ? '' : question, { signal })).trim();
    } finally {
      lines.close();
      if (secret) this.err.write('\n');
    }
  }
}
