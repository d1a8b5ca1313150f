import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';

/** What a change of the built code can come from. */
const BUILD_FILES = ['nest-cli.json', 'tsconfig.json', '.swcrc', 'package.json'];
const BUILD_FOLDERS = ['apps', 'libs'];

/**
 * Changes when another installation is needed. The Node version is no part of it: no package is compiled for one, and
 * the first run is on the machine's own Node, the next on the one that the first has installed.
 * @param {string} root
 */
export function installStamp(root) {
  /** @type {Record<string, unknown>} */
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { dependencies, devDependencies, optionalDependencies, allowScripts } = manifest;
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  hash.update(JSON.stringify([dependencies, devDependencies, optionalDependencies, allowScripts]));
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

/**
 * Changes when a source that is built changes, by content: a checkout touches times without changing anything.
 * @param {string} root
 */
export function sourceStamp(root) {
  const hash = createHash('sha256');
  for (const name of BUILD_FILES) hash.update(readFileSync(join(root, name)));
  for (const folder of BUILD_FOLDERS) hashFolder(hash, root, folder);
  return hash.digest('hex');
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} root
 * @param {string} folder
 */
function hashFolder(hash, root, folder) {
  if (!existsSync(join(root, folder))) return;
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) hashFolder(hash, root, path);
    else if (entry.isFile() && !path.endsWith('.spec.ts')) {
      hash.update(`${path}\0`).update(readFileSync(join(root, path)));
    }
  }
}
