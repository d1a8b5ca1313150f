import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { ConfigurationError } from './errors.js';
import { Secret } from './secret.js';

/** Keys that every cloud app knows; an app's schema extends it. */
export const commonEnvironment = z.object({
  ADIT_SECRETS_DIR: z.string().min(1),
  ADIT_PUBLIC_KEYS_FILE: z.string().min(1),
  ADIT_DATABASE_URL: z
    .string()
    .min(1)
    .transform((url) => new Secret(url)),
  ADIT_DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]+$/, 'a DNS domain in lower case')
    .default('adit.internal'),
  ADIT_HEALTH_HOST: z.string().default('127.0.0.1'),
  ADIT_HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  ADIT_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  NATS_URL: z.string().min(1),
  ADIT_NATS_TOKEN_FILE: z.string().optional(),
  ADIT_NATS_NKEY_FILE: z.string().optional(),
});
export type CommonEnvironment = z.infer<typeof commonEnvironment>;

/** Reads one app's environment. @throws ConfigurationError naming every bad, missing or unknown `ADIT_*` key */
export const parseEnvironment = <Schema extends z.ZodObject>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): z.infer<Schema> => {
  const unknown = Object.keys(environment).filter((key) => key.startsWith('ADIT_') && !(key in schema.shape));
  const known = Object.fromEntries(
    Object.keys(schema.shape).map((key) => [key, environment[key] === '' ? undefined : environment[key]]),
  );
  const parsed = schema.safeParse(known);
  const problems = [
    ...unknown.map((key) => `${key}: unknown key`),
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)),
  ];
  if (problems.length > 0 || !parsed.success) throw new ConfigurationError(`configuration: ${problems.join('; ')}`);
  return parsed.data;
};

/** Reads a secret from a file that only its owner may read. @throws ConfigurationError when it is missing, empty or open to others */
export const readSecretFile = (path: string, name: string): Secret => {
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new ConfigurationError(`${name}: ${path} is open to others: chmod 600`);
    const value = readFileSync(path, 'utf8').trim();
    if (value === '') throw new ConfigurationError(`${name}: ${path} is empty`);
    return new Secret(value);
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    throw new ConfigurationError(`${name}: cannot read ${path}`, { cause });
  }
};
