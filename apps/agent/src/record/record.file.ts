import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { errnoOf } from '../errors.js';
import type { StateDirectory } from '../state/state-directory.js';
import { recordEntry, type RecordEntry } from './record.entry.js';
import { RecordState } from './record.state.js';

export const RECORD_FILE = 'connection-record.jsonl';
export const DAMAGED_RECORD_FILE = 'connection-record-damaged.jsonl';
export const RECORD_FILES = [RECORD_FILE, DAMAGED_RECORD_FILE];

/** From here on it is written anew, which takes at most half. */
export const MAX_FILE_BYTES = 512 * 1024;
/** No agent writes that much: it is not read into memory. */
const MAX_READ_BYTES = 8 * 1024 * 1024;

interface Content {
  state: RecordState;
  /** Lines that say nothing, other than a last one that was cut off. */
  damaged: boolean;
  /** The last line has no end: its process died while it wrote. */
  torn: boolean;
}

/** What the record says, whoever writes it at the moment; changes nothing. An unreadable line is left out. */
export const readRecord = async (state: StateDirectory): Promise<Content> => {
  const path = state.file(RECORD_FILE);
  const empty = { state: new RecordState(), damaged: false, torn: false };
  try {
    const { size } = await stat(path);
    if (size > MAX_READ_BYTES) return { ...empty, damaged: true };
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? empty : { ...empty, damaged: true };
  }
};

const parse = (text: string): Content => {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  const state = new RecordState();
  let damaged = false;
  for (const line of lines) {
    const entry = entryOf(line);
    if (entry === undefined) damaged = true;
    else state.apply(entry);
  }
  return { state, damaged, torn };
};

const entryOf = (line: string): RecordEntry | undefined => {
  try {
    return recordEntry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};

/**
 * The record's file: lines are appended and flushed, so that a kill costs at most the line that was being written. After a
 * failure, as of a full disk, the whole is written anew from memory: half a line may stand at its end.
 */
export class RecordFile {
  private bytes = 0;
  private stale = false;

  private constructor(
    private readonly directory: StateDirectory,
    readonly state: RecordState,
  ) {}

  /** Never throws: what cannot be read is set aside, and what cannot be written stays in memory. */
  static async open(directory: StateDirectory): Promise<RecordFile> {
    const { state, damaged, torn } = await readRecord(directory);
    const file = new RecordFile(directory, state);
    if (damaged) await rename(directory.file(RECORD_FILE), directory.file(DAMAGED_RECORD_FILE)).catch(() => undefined);
    file.stale = damaged || torn;
    file.bytes = await stat(directory.file(RECORD_FILE)).then(
      ({ size }) => size,
      () => 0,
    );
    return file;
  }

  /** An empty one in the place of what there is. */
  static async anew(directory: StateDirectory): Promise<RecordFile> {
    await rm(directory.file(RECORD_FILE), { force: true }).catch(() => undefined);
    const file = new RecordFile(directory, new RecordState());
    file.stale = true;
    return file;
  }

  /** The entries are part of `state` already. On the disk when it resolves. @throws the error of node:fs, AgentError */
  async append(entries: readonly RecordEntry[]): Promise<void> {
    const text = linesOf(entries);
    if (this.stale || this.bytes + text.length > MAX_FILE_BYTES) return await this.rewrite();
    try {
      const file = await open(this.directory.file(RECORD_FILE), 'a', 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      this.bytes += Buffer.byteLength(text);
    } catch (error) {
      this.stale = true;
      throw error;
    }
  }

  private async rewrite(): Promise<void> {
    this.stale = true;
    const text = linesOf(this.state.entries());
    await this.directory.write(RECORD_FILE, text);
    this.bytes = Buffer.byteLength(text);
    this.stale = false;
  }
}

const linesOf = (entries: readonly RecordEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
