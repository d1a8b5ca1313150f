import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const LINE_FEED = 0x0a;
const TAIL_BYTES = 64 * 1024;
/** Some megabytes; what is beyond comes from another copy at the next start. */
const MISSED_MAX = 20_000;

/** One append-only file, 0600. What `append` has returned for is on the disk. */
export class JournalFile {
  /** Lines that another copy has and this one could not take. */
  private missed: string[] = [];

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Made when it is not there. A line that a crash has cut off was acknowledged to nobody, and goes. */
  static async open(path: string): Promise<JournalFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'a+', 0o600);
    await cutTornLine(file);
    await syncDirectory(dirname(path));
    return new JournalFile(path, file);
  }

  /** What was missed before comes with it. One call at a time. @throws errors of node:fs: nothing of it is in the file */
  async append(lines: readonly string[]): Promise<void> {
    const text = [...this.missed, ...lines].join('');
    if (text === '') return;
    const { size } = await this.file.stat();
    try {
      await this.file.appendFile(text);
      await this.file.datasync();
      this.missed = [];
    } catch (error) {
      // Half a line must not run into the next one.
      await this.file.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  /** These are in the journal, since another copy has them. */
  owe(lines: readonly string[]): void {
    this.missed = [...this.missed, ...lines].slice(0, MISSED_MAX);
  }

  close(): Promise<void> {
    return this.file.close();
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
