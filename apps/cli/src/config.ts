import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError } from './errors.js';

/** Each has a flag, which wins. Other programs of Adit may have their keys in the same shell: an unknown one is not refused. */
const environment = z.object({
  ADIT_URL: z.string().optional(),
  ADIT_TOKEN: z.string().trim().optional(),
  ADIT_CONTEXT: z.string().optional(),
  /** The contexts are kept in `adit/` below it. */
  XDG_CONFIG_HOME: z.string().startsWith('/', 'an absolute path').default(join(homedir(), '.config')),
  /** Where the launcher keeps everything; what a backup holds is found in it. */
  ADIT_HOME: z.string().default('.adit'),
  ADIT_OWNER_DATABASE_URL: z.string().optional(),
  ADIT_REVOCATION_JOURNAL: z.string().optional(),
  /** File, 0600. */
  ADIT_BACKUP_PASSPHRASE_FILE: z.string().optional(),
});
export type CliEnvironment = z.infer<typeof environment>;

/** @throws CliError `environment-invalid` */
export const readEnvironment = (given: NodeJS.ProcessEnv = process.env): CliEnvironment => {
  const parsed = environment.safeParse(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new CliError('environment-invalid', problems.join('; '));
};
