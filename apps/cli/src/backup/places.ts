import { readCertificates } from '@app/pki';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CliEnvironment } from '../config.js';
import { CliError } from '../errors.js';
import { filesBelow } from '../files/staged-files.js';

export interface PlaceFlags {
  home?: string;
  ca?: string;
  secrets?: string;
  publicKeys?: string;
  journal?: string;
}

/** Where a deployment keeps what a backup holds. */
export interface Places {
  databaseUrl: string;
  /** By the name that the backup gives them. */
  folders: Record<FolderName, string>;
  /** Copies of one. */
  journals: string[];
}

/** `ca`: keys and certificates of the issuer. `secrets`: the apps' keys, which open sealed columns. */
export const FOLDERS = ['ca', 'secrets', 'public-keys'] as const;
export type FolderName = (typeof FOLDERS)[number];

/** Logins of this database and of this message server: another machine has its own. */
export const NOT_OF_THE_DEPLOYMENT: ReadonlySet<string> = new Set(['database.env', 'nats.nk']);

/** @throws CliError `database-unknown` */
export async function findPlaces(flags: PlaceFlags, environment: CliEnvironment): Promise<Places> {
  const home = resolve(flags.home ?? environment.ADIT_HOME);
  return {
    databaseUrl: environment.ADIT_OWNER_DATABASE_URL ?? (await launcherUrl(home)),
    folders: {
      ca: resolve(flags.ca ?? join(home, 'issuer', 'ca')),
      secrets: resolve(flags.secrets ?? join(home, 'secrets')),
      'public-keys': resolve(flags.publicKeys ?? join(home, 'public-keys.json')),
    },
    journals: (flags.journal ?? environment.ADIT_REVOCATION_JOURNAL ?? join(home, 'issuer', 'revocation.journal'))
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '')
      .map((path) => resolve(path)),
  };
}

/** Of the PostgreSQL that the launcher runs. */
async function launcherUrl(home: string): Promise<string> {
  try {
    const read = async (file: string) => (await readFile(join(home, 'postgres', file), 'utf8')).trim();
    return `postgres://adit_owner:${encodeURIComponent(await read('owner.password'))}@127.0.0.1:${await read('port')}/adit`;
  } catch (cause) {
    throw new CliError(
      'database-unknown',
      `no database is known in ${home}`,
      'Set ADIT_OWNER_DATABASE_URL, or --home',
      { cause },
    );
  }
}

/** What the CA's certificates say whose they are. @throws CliError `deployment-unknown` */
export async function deploymentOf(ca: string): Promise<string> {
  for (const path of await filesBelow(ca, new Set())) {
    if (!path.endsWith('.crt')) continue;
    const [certificate] = readCertificates(await readFile(join(ca, path), 'utf8'));
    const organization = /^O=(.+)$/m.exec(certificate?.subject ?? '')?.[1];
    if (organization !== undefined) return organization;
  }
  throw new CliError(
    'deployment-unknown',
    `there is no certificate of a deployment in ${ca}`,
    "Name the issuer's folder with --ca",
  );
}
