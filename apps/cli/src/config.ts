import { z } from 'zod';

/** Each has a flag, which wins. Other keys of the deployment may be set as well. */
const environment = z.object({
  /** Where the launcher keeps everything; the places below are found in it. */
  ADIT_HOME: z.string().min(1).default('.adit'),
  ADIT_OWNER_DATABASE_URL: z.string().min(1).optional(),
  ADIT_REVOCATION_JOURNAL: z.string().min(1).optional(),
  /** File, 0600. */
  ADIT_BACKUP_PASSPHRASE_FILE: z.string().min(1).optional(),
});
export type CliEnvironment = z.infer<typeof environment>;

export const readEnvironment = (): CliEnvironment =>
  environment.parse(Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== '')));
