import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {'admin-api' | 'keyfile-issuer' | 'tunnel-broker' | 'federation' | 'video-redirector'} CloudApp */

/** @type {CloudApp[]} */
export const CLOUD_APPS = ['keyfile-issuer', 'tunnel-broker', 'federation', 'video-redirector', 'admin-api'];

/** Who signs tickets (Ed25519), who receives sealed values (P-256, ECDH-ES), who stores recoverable secrets (AES-256). */
const TICKET_MINTERS = /** @type {const} */ (['federation', 'video-redirector', 'admin-api']);
const SEAL_RECEIVERS = /** @type {const} */ (['keyfile-issuer', 'federation', 'video-redirector', 'admin-api']);
const FIELD_KEEPERS = /** @type {const} */ (['federation', 'admin-api']);
/** Under what the issuer encrypts its CA keys, which lie elsewhere (AES-256). */
const CA_KEY_KEEPER = 'keyfile-issuer';

/**
 * Makes what is missing of the apps' private keys and the file of their public ones. What is there stays.
 * @param {string} dir
 * @returns {{ secretsDir: (app: CloudApp) => string, publicKeysFile: string }}
 */
export function provision(dir) {
  /** @param {CloudApp} app */
  const secretsDir = (app) => join(dir, 'secrets', app);
  const publicKeysFile = join(dir, 'public-keys.json');
  mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o711 });
  for (const app of CLOUD_APPS) {
    mkdirSync(secretsDir(app), { recursive: true, mode: 0o700 });
    chmodSync(secretsDir(app), 0o700);
  }
  /** @type {{ ticket: Record<string, import('node:crypto').JsonWebKey>, seal: Record<string, import('node:crypto').JsonWebKey> }} */
  const publicKeys = { ticket: {}, seal: {} };
  for (const app of TICKET_MINTERS) publicKeys.ticket[app] = publicPart(join(secretsDir(app), 'ticket.jwk'), 'ed25519');
  for (const app of SEAL_RECEIVERS) publicKeys.seal[app] = publicPart(join(secretsDir(app), 'seal.jwk'), 'p256');
  for (const app of FIELD_KEEPERS) {
    makeOnce(join(secretsDir(app), 'field.key'), secret256);
  }
  makeOnce(join(secretsDir(CA_KEY_KEEPER), 'ca.kek'), secret256);
  writeFileSync(`${publicKeysFile}.new`, `${JSON.stringify(publicKeys, null, 2)}\n`, { mode: 0o644 });
  renameSync(`${publicKeysFile}.new`, publicKeysFile);
  return { secretsDir, publicKeysFile };
}

function secret256() {
  return `${randomBytes(32).toString('hex')}\n`;
}

/**
 * @param {string} file of the private JWK, made at first use
 * @param {'ed25519' | 'p256'} kind
 * @returns {import('node:crypto').JsonWebKey}
 */
function publicPart(file, kind) {
  makeOnce(file, () => {
    const pair =
      kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return `${JSON.stringify(pair.privateKey.export({ format: 'jwk' }))}\n`;
  });
  /** @type {import('node:crypto').JsonWebKey} */
  const { d: _private, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  return rest;
}

/**
 * @param {string} file
 * @param {() => string} content
 */
export function makeOnce(file, content) {
  if (existsSync(file)) return;
  // Complete or absent: a start that was cut off must not leave half a key.
  writeFileSync(`${file}.new`, content(), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
