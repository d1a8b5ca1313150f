import { hostPort } from '@app/contracts';
import { parseEnvironment, Secret } from '@app/runtime';
import { z } from 'zod';
import { rate } from './uplink/rate.js';

const flag = z.stringbool({ truthy: ['1', 'true', 'yes'], falsy: ['0', 'false', 'no'] });

/** The agent's environment; every flag of the command line that has a key here wins over it. */
export const agentEnvironment = z.object({
  ADIT_STATE_DIR: z.string().min(1).default('./adit-agent-state'),
  ADIT_CONFIG_FILE: z.string().min(1).optional(),
  ADIT_KEYFILE: z.string().min(1).optional(),
  ADIT_KEYFILE_FILE: z.string().min(1).optional(),
  ADIT_KEYFILE_PASSPHRASE: z
    .string()
    .min(1)
    .transform((passphrase) => new Secret(passphrase))
    .optional(),
  ADIT_KEYFILE_PASSPHRASE_FILE: z.string().min(1).optional(),
  ADIT_EXPECT_FINGERPRINT: z.string().min(1).optional(),
  ADIT_STRICT: flag.default(false),
  ADIT_EPHEMERAL: flag.default(false),
  ADIT_CONTAINER: flag.optional(),
  ADIT_DIRECTORY_LISTEN: hostPort.optional(),
  ADIT_REDIRECTOR_LISTEN: hostPort.optional(),
  ADIT_PROXY: z.string().min(1).optional(),
  ADIT_UPLINK_LIMIT: rate.optional(),
  ADIT_SITE_EVENTS_DAYS: z.coerce.number().min(1).max(3_650).default(30),
  ADIT_SITE_EVENTS_MEGABYTES: z.coerce.number().min(1).max(100_000).default(256),
  ADIT_SITE_EVENTS_COUNT: z.coerce.number().int().min(1_000).max(100_000_000).default(1_000_000),
  ADIT_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  HTTPS_PROXY: z.string().optional(),
  https_proxy: z.string().optional(),
  NO_PROXY: z.string().optional(),
  no_proxy: z.string().optional(),
});
export type AgentEnvironment = z.infer<typeof agentEnvironment>;

/** @throws ConfigurationError naming every bad or unknown key */
export const readEnvironment = (environment: NodeJS.ProcessEnv = process.env): AgentEnvironment =>
  parseEnvironment(agentEnvironment, environment);
