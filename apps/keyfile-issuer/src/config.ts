import { hostPort } from '@app/contracts';
import type { KeyfileEndpoint } from '@app/pki';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { z } from 'zod';

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
});

export type IssuerConfig = z.infer<typeof issuerEnvironment>;

export const readConfig = (): IssuerConfig => parseEnvironment(issuerEnvironment, process.env);

function toEndpoint(entry: string, priority: number): KeyfileEndpoint {
  const colon = entry.lastIndexOf(':');
  const host = entry.slice(0, colon).replaceAll(/[[\]]/g, '');
  return { host, port: Number(entry.slice(colon + 1)), serverName: host, priority };
}
