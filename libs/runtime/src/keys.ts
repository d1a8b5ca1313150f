import { publicKeys, type PublicKeys } from '@app/contracts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSecretFile } from './environment.js';
import { ConfigurationError } from './errors.js';

type Jwk = Record<string, unknown> & { kty: string };

/** `ticket.jwk` or `seal.jwk` of this app. */
export const readPrivateKey = (secretsDir: string, file: 'ticket.jwk' | 'seal.jwk'): Jwk => {
  const parsed: unknown = JSON.parse(readSecretFile(join(secretsDir, file), `ADIT_SECRETS_DIR/${file}`).reveal());
  if (typeof parsed === 'object' && parsed !== null && 'kty' in parsed && 'd' in parsed) return parsed as Jwk;
  throw new ConfigurationError(`ADIT_SECRETS_DIR/${file}: not a private JWK`);
};

/** 32 bytes for AES-256-GCM of values in this app's own rows. */
export const readFieldKey = (secretsDir: string): Buffer => {
  const key = Buffer.from(readSecretFile(join(secretsDir, 'field.key'), 'ADIT_SECRETS_DIR/field.key').reveal(), 'hex');
  if (key.length !== 32) throw new ConfigurationError('ADIT_SECRETS_DIR/field.key: 64 hexadecimal digits are needed');
  return key;
};

export const readPublicKeys = (file: string): PublicKeys => {
  try {
    return publicKeys.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new ConfigurationError(`ADIT_PUBLIC_KEYS_FILE: ${file} does not hold the deployment's public keys`, {
      cause,
    });
  }
};
