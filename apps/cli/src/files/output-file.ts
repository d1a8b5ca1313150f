import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError, type CliErrorCode } from '../errors.js';

/** File systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** What a caller calls a file that is there already, and one that cannot be written. */
export interface FileCodes {
  exists: CliErrorCode;
  unwritable: CliErrorCode;
}

const BACKUP: FileCodes = { exists: 'backup-exists', unwritable: 'backup-unwritable' };

/**
 * Writes a new file, 0600, that has its name only once all of it is on the disk; nothing stays of one that fails.
 * @returns bytes. @throws CliError with one of `codes`; errors of `chunks`
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  codes = BACKUP,
): Promise<number> {
  await requireFree(path, codes);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  const file = await open(temporary, 'wx', 0o600).catch((cause: unknown) => {
    throw unwritable(path, cause, codes);
  });
  try {
    let bytes = 0;
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      await file.writeFile(chunk).catch((cause: unknown) => {
        throw unwritable(path, cause, codes);
      });
      bytes += chunk.length;
    }
    signal.throwIfAborted();
    await file.sync();
    await name(temporary, path, codes);
    return bytes;
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}

/** @throws CliError `exists` of the codes */
export async function requireFree(path: string, codes = BACKUP): Promise<void> {
  if (await exists(path)) throw taken(path, codes);
}

/** A link, unlike a rename, does not replace what somebody else has put there meanwhile. */
async function name(temporary: string, path: string, codes: FileCodes): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') throw taken(path, codes);
    if (!NO_LINKS.has(code)) throw unwritable(path, error, codes);
    await rename(temporary, path);
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const taken = (path: string, { exists: code }: FileCodes): CliError =>
  new CliError(code, `${path} is there already, and is not replaced`, 'Name another file');

const unwritable = (path: string, cause: unknown, { unwritable: code }: FileCodes): CliError =>
  new CliError(code, `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, undefined, {
    cause,
  });
