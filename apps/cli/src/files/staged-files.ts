import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CliError } from '../errors.js';
import { exists } from './output-file.js';

/** Every regular file below a folder, by its path in there; one file for the path of a file; none where nothing is. */
export async function filesBelow(root: string, skip: ReadonlySet<string>): Promise<string[]> {
  if (!(await exists(root))) return [];
  if ((await stat(root)).isFile()) return [''];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !skip.has(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Files that wait beside their places until everything else is certain. */
export class StagedFiles {
  private readonly staged = new Map<string, string>();

  /** @param suffix of the folders that wait, and of those that have to make room */
  constructor(private readonly suffix: string) {}

  /** @param path below `root`; empty when `root` is the file itself */
  async add(root: string, path: string, content: AsyncIterable<Buffer>): Promise<void> {
    const waiting = `${root}.restoring-${this.suffix}`;
    this.staged.set(root, waiting);
    const target = path === '' ? waiting : resolve(waiting, path);
    if (path !== '' && !target.startsWith(resolve(waiting) + sep))
      throw new Error(`a path that leaves its folder: ${path}`);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const file = await open(target, 'wx', 0o600);
    try {
      for await (const chunk of content) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /**
   * What is there already and the same stays. What differs is moved aside, never deleted.
   * @throws CliError `folder-in-use` when something differs and `replace` is not set
   */
  async requirePlaces(replace: boolean): Promise<void> {
    for (const [root, waiting] of this.staged) {
      if (replace || !(await exists(root)) || (await isCovered(waiting, root))) continue;
      throw new CliError(
        'folder-in-use',
        `${root} holds other files than the backup`,
        'Move it away, or let it be moved aside with --replace',
      );
    }
  }

  async place(): Promise<void> {
    for (const [root, waiting] of this.staged) {
      if ((await exists(root)) && (await isCovered(waiting, root))) continue;
      if (await exists(root)) await rename(root, `${root}.before-restore-${this.suffix}`);
      await mkdir(dirname(root), { recursive: true, mode: 0o700 });
      await rename(waiting, root);
      if ((await stat(root)).isDirectory()) await chmod(root, 0o700);
    }
  }

  async discard(): Promise<void> {
    for (const waiting of this.staged.values()) await rm(waiting, { recursive: true, force: true });
  }
}

/** Every file that waits is there, byte for byte; an empty folder has none. */
async function isCovered(waiting: string, root: string): Promise<boolean> {
  const none = new Set<string>();
  if ((await filesBelow(root, none)).length === 0) return false;
  for (const path of await filesBelow(waiting, none)) {
    const there = await readFile(join(root, path)).catch(() => undefined);
    if (there === undefined || !there.equals(await readFile(join(waiting, path)))) return false;
  }
  return true;
}
