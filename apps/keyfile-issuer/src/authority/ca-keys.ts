import { FileKeyStore, KeyWrap, type KekSources, type KeyStore, PkiError } from '@app/pki';
import { ConfigurationError, readSecretFile } from '@app/runtime';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { IssuerConfig } from '../config.js';

const KEK_FILE = 'ca.kek';

/** Folder of the CA keys and certificates. */
export const caDirectory = (config: Pick<IssuerConfig, 'ADIT_DATA_DIR'>): string => join(config.ADIT_DATA_DIR, 'ca');

/**
 * The key files, encrypted under the passphrase, or else under `ca.kek` of the secrets: neither lies beside them.
 * @throws ConfigurationError when neither is there, or not the one that the keys were encrypted under
 */
export const openKeyFiles = async (config: IssuerConfig): Promise<KeyStore> => {
  try {
    return await FileKeyStore.open(caDirectory(config), new KeyWrap(readKekSources(config)));
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new ConfigurationError(`${caDirectory(config)}: ${cause.code}: ${cause.message}`, { cause });
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
