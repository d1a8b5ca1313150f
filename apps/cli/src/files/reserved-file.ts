import { type FileHandle, open, rm } from 'node:fs/promises';
import { CliError, errnoOf, EXIT } from '../errors.js';

/** A new file for its owner only. It is taken before the server is asked: what is answered once needs a place to go. */
export class ReservedFile {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws CliError `file-exists`, `file-unwritable` */
  static async reserve(path: string): Promise<ReservedFile> {
    try {
      return new ReservedFile(path, await open(path, 'wx', 0o600));
    } catch (cause) {
      if (errnoOf(cause) === 'EEXIST') {
        throw new CliError('file-exists', `${path} is there already`, 'Name another file with --output', { cause });
      }
      const advice = 'Name a file in a directory that is there and yours, with --output';
      throw new CliError('file-unwritable', `${path} cannot be written`, advice, { cause });
    }
  }

  /** For content that comes in parts. */
  async append(content: string | Uint8Array): Promise<void> {
    await this.handle.writeFile(content);
  }

  /** The content is on the disk once this resolves. */
  async finish(): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
  }

  /** Nothing came of it. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

/** Fills a new file with what `work` brings; without it, there is no file. */
export const intoNewFile = async <T>(path: string, work: (file: ReservedFile) => Promise<T>): Promise<T> => {
  const file = await ReservedFile.reserve(path);
  const interrupted = (): void => {
    void file.discard().finally(() => process.exit(EXIT.interrupted));
  };
  process.once('SIGINT', interrupted);
  try {
    const result = await work(file);
    await file.finish();
    return result;
  } catch (error) {
    await file.discard();
    throw error;
  } finally {
    process.off('SIGINT', interrupted);
  }
};
