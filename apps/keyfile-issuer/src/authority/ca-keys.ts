import type { Database } from '@app/persistence';
import { FileKeyStore, KeyWrap, type KekSources, PkiError } from '@app/pki';
import { ConfigurationError, readSecretFile } from '@app/runtime';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { IssuerConfig } from '../config.js';
import { AuthorityState } from './authority.state.js';

const KEK_FILE = 'ca.kek';

/**
 * The CAs with their keys in files, encrypted under the passphrase, or else under `ca.kek` of the secrets: neither lies
 * beside them. @throws ConfigurationError when neither is there, or not the one that the keys were encrypted under; when
 * keys are lost or another deployment's
 */
export const openAuthority = async (config: IssuerConfig, database: Database): Promise<AuthorityState> => {
  const directory = join(config.ADIT_DATA_DIR, 'ca');
  try {
    const keys = await FileKeyStore.open(directory, new KeyWrap(readKekSources(config)));
    return await AuthorityState.open({ directory, deployment: config.ADIT_DEPLOYMENT, keys, database });
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new ConfigurationError(`${directory}: ${cause.code}: ${cause.message}`, { cause });
  }
};

const readKekSources = (config: IssuerConfig): KekSources => {
  const { ADIT_CA_PASSPHRASE_FILE: passphraseFile, ADIT_SECRETS_DIR: secretsDir } = config;
  const secretFile = join(secretsDir, KEK_FILE);
  if (passphraseFile === undefined) return { secret: readKek(secretFile) };
  const passphrase = readSecretFile(passphraseFile, 'ADIT_CA_PASSPHRASE_FILE').reveal();
  return existsSync(secretFile) ? { passphrase, secret: readKek(secretFile) } : { passphrase };
};

const readKek = (file: string): Buffer => {
  const text = readSecretFile(file, `ADIT_SECRETS_DIR/${KEK_FILE}`).reveal();
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex');
  throw new ConfigurationError(`ADIT_SECRETS_DIR/${KEK_FILE}: 64 hexadecimal digits are needed`);
};
