import { z } from 'zod';

/** What the migration command reads; the only place of this lib that sees the environment. */
export const migrateConfig = z
  .object({ ADIT_OWNER_DATABASE_URL: z.string().min(1), ADIT_LOGINS_FILE: z.string().min(1).optional() })
  .transform((env) => ({ ownerUrl: env.ADIT_OWNER_DATABASE_URL, loginsFile: env.ADIT_LOGINS_FILE }));

export const readMigrateConfig = (): z.infer<typeof migrateConfig> => migrateConfig.parse(process.env);
