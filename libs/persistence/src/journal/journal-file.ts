import { randomUUID } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JOURNAL_FORMAT } from './journal-event.js';
import { formatLine } from './journal-text.js';

const LINE_FEED = 0x0a;
const TAIL_BYTES = 64 * 1024;

/** One append-only file, 0600. What `append` has returned for is on the disk. */
export class JournalFile {
  private waiting: string[] = [];
  private last: Promise<void> = Promise.resolve();
  /** What takes the lines that wait, once the write before it has ended. */
  private next: Promise<void> | undefined;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Made when it is not there. A line that a crash has cut off was acknowledged to nobody, and goes. */
  static async open(path: string): Promise<JournalFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a+', 0o600);
    const journal = new JournalFile(path, file);
    await cutTornLine(file);
    if ((await file.stat()).size === 0) {
      await journal.append(formatLine({ format: JOURNAL_FORMAT, v: 1, id: randomUUID() }));
      await syncDirectory(dirname(path));
    }
    return journal;
  }

  /** Lines that come while others are on their way to the disk go together with the next write, and share its end. */
  append(line: string): Promise<void> {
    this.waiting.push(line);
    if (this.next === undefined) {
      const next = this.last.catch(() => undefined).then(() => this.flush());
      this.next = next;
      this.last = next;
    }
    return this.next;
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.file.close();
  }

  private async flush(): Promise<void> {
    this.next = undefined;
    const lines = this.waiting.splice(0);
    const { size } = await this.file.stat();
    try {
      await this.file.appendFile(lines.join(''));
      await this.file.datasync();
    } catch (error) {
      // Half a line must not run into the next one.
      await this.file.truncate(size).catch(() => undefined);
      throw error;
    }
  }
}

async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const end = buffer.lastIndexOf(LINE_FEED);
  if (end !== length - 1) await file.truncate(size - length + end + 1);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
