import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError, errnoOf } from '../errors.js';

const context = z.object({
  url: z.string(),
  /** Who signed in; absent for an API token that does not say. */
  username: z.string().optional(),
  /** Absent once signed out. */
  token: z.string().optional(),
  /** An API token is not ended by `adit logout`. */
  kind: z.enum(['session', 'api-token']).optional(),
  expiresAt: z.string().optional(),
});
export type Context = z.infer<typeof context>;

const content = z.object({ current: z.string().optional(), contexts: z.record(z.string(), context) });
export type Contexts = z.infer<typeof content>;

const MAX_BYTES = 1024 * 1024;
export const CONTEXT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The servers this user works with and his sessions there: one file, for its owner only. */
export class ContextFile {
  readonly path: string;

  constructor(private readonly directory: string) {
    this.path = join(directory, 'contexts.json');
  }

  /** @throws CliError `open-to-others`, `context-damaged` */
  async read(): Promise<Contexts> {
    const text = await this.text();
    if (text === undefined) return { contexts: {} };
    try {
      return content.parse(JSON.parse(text));
    } catch (cause) {
      const advice = `Move ${this.path} away and sign in again: adit login`;
      throw new CliError('context-damaged', `${this.path} cannot be understood`, advice, { cause });
    }
  }

  /** Replaces the file as a whole. @throws CliError `file-unwritable` */
  async change(update: (contexts: Contexts) => void): Promise<void> {
    const contexts = await this.read();
    update(contexts);
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      const { writePrivateFile } = await import('@app/pki');
      await writePrivateFile(this.path, `${JSON.stringify(contexts, null, 2)}\n`);
    } catch (cause) {
      const advice = 'Check that this directory may be written, or name another with XDG_CONFIG_HOME';
      throw new CliError('file-unwritable', `${this.directory} cannot be written`, advice, { cause });
    }
  }

  /** Mode and content are of the same file: it is opened once. */
  private async text(): Promise<string | undefined> {
    try {
      await using file = await open(this.path, 'r');
      const { mode, size } = await file.stat();
      if ((mode & 0o077) !== 0) {
        const advice = `Others may have read your token: chmod 600 ${this.path}, then adit login`;
        throw new CliError('open-to-others', `${this.path} can be read or written by other users`, advice);
      }
      if (size > MAX_BYTES) throw new CliError('context-damaged', `${this.path} is too large`);
      return await file.readFile('utf8');
    } catch (error) {
      if (error instanceof CliError) throw error;
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw new CliError('file-unreadable', `${this.path} cannot be read`, 'Check its owner', { cause: error });
    }
  }
}
