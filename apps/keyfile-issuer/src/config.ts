import { hostPort } from '@app/contracts';
import type { KeyfileEndpoint } from '@app/pki';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { z } from 'zod';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Seconds are for tests: a site that is offline for a third of it comes back by an operator only. */
const SHORTEST_LIFE_MS = 10 * UNIT_MS.s;
const LONGEST_LIFE_MS = 397 * UNIT_MS.d;

const endpoints = z
  .string()
  .transform((list) => list.split(',').map((entry) => entry.trim()))
  .pipe(z.array(hostPort).min(1).max(8))
  .transform((list) => list.map(toEndpoint));

export const issuerEnvironment = commonEnvironment.extend({
  /** Folder of the CA keys. */
  ADIT_DATA_DIR: z.string().min(1),
  /** Encrypts the CA keys; without it `ca.kek` of the secrets does. Once set it stays: the keys are moved under it. */
  ADIT_CA_PASSPHRASE_FILE: z.string().min(1).optional(),
  ADIT_DEPLOYMENT: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'a label: a–z, 0–9 and inner hyphens')
    .default('adit'),
  /** Where agents reach the brokers, best first: written into every keyfile, certified for every broker. */
  ADIT_PUBLIC_ENDPOINTS: endpoints,
  /** The journal of revocations, and copies of it on other volumes; by default in the folder above. */
  ADIT_REVOCATION_JOURNAL: z
    .string()
    .transform((list) =>
      list
        .split(',')
        .map((path) => path.trim())
        .filter((path) => path !== ''),
    )
    .pipe(z.array(z.string()).min(1).max(4))
    .optional(),
  /** After a restore: whether an operator approves what comes back even when the journal is there. */
  ADIT_RECOVERY_APPROVAL: z.enum(['without-journal', 'always']).default('without-journal'),
  /** Further names that brokers may be certified for, such as those of their ingress: `name` or `*.domain`. */
  ADIT_BROKER_NAMES: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .pipe(
      z.array(z.string().regex(/^(?:\*\.)?[A-Za-z0-9._:-]{1,253}$/, 'names or *.domain, separated by commas')).max(64),
    ),
  /** Life of an agent's certificate; it is renewed at two thirds of it. */
  ADIT_AGENT_CERTIFICATE_LIFE: z
    .string()
    .default('90d')
    .transform(toMs)
    .pipe(z.number().min(SHORTEST_LIFE_MS, 'at least 10s').max(LONGEST_LIFE_MS, 'at most 397d')),
});

export type IssuerConfig = z.infer<typeof issuerEnvironment>;

export const readConfig = (): IssuerConfig => parseEnvironment(issuerEnvironment, process.env);

/** `90d`, `12h`, `30m`, `45s`. */
function toMs(text: string, context: z.RefinementCtx): number {
  const [, digits, unit] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? [];
  if (unit !== undefined) return Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  context.addIssue({ code: 'custom', message: 'a number and one of s, m, h, d, such as 90d' });
  return z.NEVER;
}

function toEndpoint(entry: string, priority: number): KeyfileEndpoint {
  const colon = entry.lastIndexOf(':');
  const host = entry.slice(0, colon).replaceAll(/[[\]]/g, '');
  return { host, port: Number(entry.slice(colon + 1)), serverName: host, priority };
}
