#!/usr/bin/env node
/**
 * First step of the containers' start: makes, in the folder given, what the apps need before they start, each once:
 * private keys and `public-keys.json`, an nkey per app with the broker's configuration, the passwords of the database's
 * owner and of the first operator. Prints nothing secret.
 *
 *     node tools/provision-containers.mjs /secrets
 */
import { chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { natsConfiguration } from './launcher/nats-permissions.mjs';
import { createUserNkey } from './launcher/nkey.mjs';
import { CLOUD_APPS, makeOnce, provision } from './launcher/provision.mjs';

/** @param {string} dir */
function provisionContainers(dir) {
  mkdirSync(dir, { recursive: true, mode: 0o711 });
  const { secretsDir } = provision(dir);
  makeOnce(join(dir, 'postgres.password'), () => randomBytes(24).toString('base64url'));
  makeOnce(join(secretsDir('admin-api'), 'first-password'), () => `${randomBytes(12).toString('base64url')}\n`);
  provisionNkeys(dir, secretsDir);
}

/**
 * The seeds and the configuration belong together: both are new, or both stay.
 * @param {string} dir
 * @param {(app: import('./launcher/provision.mjs').CloudApp) => string} secretsDir
 */
function provisionNkeys(dir, secretsDir) {
  const configuration = join(dir, 'nats', 'nats.conf');
  if (existsSync(configuration)) return;
  mkdirSync(join(dir, 'nats'), { recursive: true, mode: 0o755 });
  /** @type {Record<string, string>} */
  const publicNkeys = {};
  for (const app of CLOUD_APPS) {
    const { seed, publicKey } = createUserNkey();
    writeFileSync(join(secretsDir(app), 'nats.nk'), `${seed}\n`, { mode: 0o600 });
    publicNkeys[app] = publicKey;
  }
  // Public keys and subjects only: the server runs as a user of its own image.
  writeFileSync(configuration, natsConfiguration(publicNkeys), { mode: 0o644 });
}

/**
 * @param {string} path
 * @param {number} uid
 * @param {number} gid
 */
function give(path, uid, gid) {
  chownSync(path, uid, gid);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) give(join(path, name), uid, gid);
}

const [dir, owner] = process.argv.slice(2);
if (!dir) {
  process.stderr.write('usage: node tools/provision-containers.mjs DIRECTORY [UID:GID]\n');
  process.exit(78);
}
provisionContainers(dir);
if (owner) {
  const [uid, gid] = owner.split(':').map(Number);
  for (const app of CLOUD_APPS) give(join(dir, 'secrets', app), uid, gid);
}
process.stdout.write(`secrets are in ${dir}\n`);
