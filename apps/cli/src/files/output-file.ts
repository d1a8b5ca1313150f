import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../errors.js';

/** File systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Writes a new file, 0600, that has its name only once all of it is on the disk; nothing stays of one that fails.
 * @returns bytes. @throws CliError `backup-exists`, `backup-unwritable`; errors of `chunks`
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  await requireFree(path);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  const file = await open(temporary, 'wx', 0o600).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  try {
    let bytes = 0;
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      await file.writeFile(chunk).catch((cause: unknown) => {
        throw unwritable(path, cause);
      });
      bytes += chunk.length;
    }
    signal.throwIfAborted();
    await file.sync();
    await name(temporary, path);
    return bytes;
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}

/** @throws CliError `backup-exists` */
export async function requireFree(path: string): Promise<void> {
  if (await exists(path)) throw taken(path);
}

/** A link, unlike a rename, does not replace what somebody else has put there meanwhile. */
async function name(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') throw taken(path);
    if (!NO_LINKS.has(code)) throw unwritable(path, error);
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

const taken = (path: string): CliError =>
  new CliError('backup-exists', `${path} is there already, and is not replaced`, 'Name another file');

const unwritable = (path: string, cause: unknown): CliError =>
  new CliError(
    'backup-unwritable',
    `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    undefined,
    {
      cause,
    },
  );
