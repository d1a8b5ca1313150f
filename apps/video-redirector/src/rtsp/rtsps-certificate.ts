import { createSelfSigned, writePrivateFile } from '@app/pki';
import { ConfigurationError, readSecretFile } from '@app/runtime';
import { constants, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { RedirectorConfig } from '../config.js';

export interface RtspsCertificate {
  context: SecureContext;
  /** SHA-256 of the certificate, in hex with colons: what a person compares. */
  fingerprint: string;
}

/** Key and certificate in one file, so that they are never of two makings. */
const OWN_FILE = 'rtsps.pem';

/**
 * The certificate of RTSPS: that of the settings, else this deployment's own, made at the first start.
 * @throws ConfigurationError naming the setting when a file is missing, open to others or no pair
 */
export const openRtspsCertificate = async (
  config: Pick<
    RedirectorConfig,
    'ADIT_RTSPS_CERTIFICATE_FILE' | 'ADIT_RTSPS_KEY_FILE' | 'ADIT_DATA_DIR' | 'ADIT_SERVER_NAMES'
  >,
): Promise<RtspsCertificate> => {
  const { ADIT_RTSPS_CERTIFICATE_FILE: file, ADIT_RTSPS_KEY_FILE: keyFile } = config;
  if (file !== undefined && keyFile !== undefined) {
    const key = readSecretFile(keyFile, 'ADIT_RTSPS_KEY_FILE').reveal();
    return contextOf(readText(file, 'ADIT_RTSPS_CERTIFICATE_FILE'), key, 'ADIT_RTSPS_CERTIFICATE_FILE');
  }
  const pem = await ownPem(config.ADIT_DATA_DIR ?? '.', config.ADIT_SERVER_NAMES);
  return contextOf(pem, pem, `ADIT_DATA_DIR/${OWN_FILE}`);
};

const ownPem = async (dataDir: string, names: readonly string[]): Promise<string> => {
  const path = join(dataDir, OWN_FILE);
  if (existsSync(path)) return readSecretFile(path, `ADIT_DATA_DIR/${OWN_FILE}`).reveal();
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const { key, certificate } = await createSelfSigned(names, 'Adit video', new Date());
    await writePrivateFile(path, key + certificate);
    return key + certificate;
  } catch (cause) {
    throw new ConfigurationError(`ADIT_DATA_DIR: cannot keep a certificate in ${dataDir}`, { cause });
  }
};

const readText = (path: string, name: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`${name}: cannot read ${path}`, { cause });
  }
};

/** Players are older than agents: TLS 1.2 is the least. One connection must not ask for handshake after handshake. */
const contextOf = (cert: string, key: string, name: string): RtspsCertificate => {
  try {
    const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET } = constants;
    const secureOptions = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET;
    const context = createSecureContext({ cert, key, minVersion: 'TLSv1.2', ecdhCurve: 'X25519:P-256', secureOptions });
    return { context, fingerprint: new X509Certificate(cert).fingerprint256 };
  } catch (cause) {
    throw new ConfigurationError(`${name}: no certificate with its key: ${(cause as Error).message}`, { cause });
  }
};
