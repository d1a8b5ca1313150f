import { writePrivateFile } from '@app/pki';
import { access, chmod, constants, mkdir, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { AgentError, errnoOf } from '../errors.js';
import { type ContainerFacts, guardVolume } from './container.guard.js';

export interface StateOptions extends ContainerFacts {
  path: string;
  /** Accepts a directory that is not on a volume, although this is a container. */
  ephemeral: boolean;
}

/** Everything the agent keeps: one private directory, each file replaced as a whole. */
export class StateDirectory {
  private constructor(readonly path: string) {}

  /** Makes the directory when needed. @throws AgentError `state-not-a-volume`, `state-unwritable` */
  static async create(options: StateOptions): Promise<StateDirectory> {
    try {
      await mkdir(options.path, { recursive: true, mode: 0o700 });
      const path = await realpath(options.path);
      if (!options.ephemeral) await guardVolume(path, options);
      await makePrivate(path);
      return new StateDirectory(path);
    } catch (cause) {
      throw asUnwritable(options.path, cause);
    }
  }

  /** An existing one, to look at or to add to. @throws AgentError `state-missing` */
  static async open(path: string): Promise<StateDirectory> {
    try {
      return new StateDirectory(await realpath(path));
    } catch (cause) {
      const advice = 'Name the directory with --state or ADIT_STATE_DIR; `adit-agent enrol` makes one';
      throw new AgentError('state-missing', `There is no state directory at ${path}`, advice, { cause });
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.file(name), 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** @throws AgentError `state-damaged` naming the file */
  async readJson<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.infer<Schema> | undefined> {
    const text = await this.read(name);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const advice =
        'Restore the file from a backup of the volume, or run `adit-agent reset` and ask for a new keyfile';
      throw new AgentError('state-damaged', `${this.file(name)} cannot be read`, advice, { cause });
    }
  }

  /** On the disk when the promise resolves. @throws AgentError `state-unwritable` */
  async write(name: string, content: string): Promise<void> {
    try {
      await writePrivateFile(this.file(name), content);
    } catch (cause) {
      throw asUnwritable(this.file(name), cause);
    }
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await this.write(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  async remove(name: string): Promise<void> {
    await rm(this.file(name), { force: true });
  }

  async names(): Promise<string[]> {
    return await readdir(this.path);
  }
}

const makePrivate = async (path: string): Promise<void> => {
  const { mode } = await stat(path);
  // A volume's root may belong to somebody else (Kubernetes: root with an fsGroup); its files are private all the same.
  if ((mode & 0o077) !== 0) await chmod(path, 0o700).catch(() => undefined);
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
};

const asUnwritable = (path: string, cause: unknown): AgentError => {
  if (cause instanceof AgentError) return cause;
  const reason = errnoOf(cause) ?? 'unknown reason';
  const advice = 'Give this user the right to write there, or choose another directory with --state';
  return new AgentError('state-unwritable', `${path} cannot be written: ${reason}`, advice, { cause });
};
