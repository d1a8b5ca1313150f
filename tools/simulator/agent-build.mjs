import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LauncherError } from '../launcher/errors.mjs';

const DIST = join(import.meta.dirname, '..', '..', 'dist');

/**
 * A file of the built agent: a simulated site is made of the agent's own parts.
 * @param {string} file below its `src`
 */
export function agentPart(file) {
  return load(join('apps', 'agent', 'src', file));
}

/**
 * The same of a part that not every build of the agent has.
 * @param {string} file below its `src`
 */
export function agentPartIfThere(file) {
  return existsSync(join(DIST, 'apps', 'agent', 'src', file)) ? agentPart(file) : Promise.resolve(undefined);
}

/**
 * A built library.
 * @param {string} name
 */
export function library(name) {
  return load(join('libs', name, 'src', 'index.js'));
}

/**
 * @param {string} path
 * @throws {LauncherError} `build-missing`
 */
function load(path) {
  const file = join(DIST, path);
  if (!existsSync(file)) throw new LauncherError('build-missing', 'the agent is not built: npm run build');
  return import(pathToFileURL(file).href);
}
