import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const LIBS = join(import.meta.dirname, '..', '..', 'dist', 'libs');

/**
 * A library of the build.
 * @param {string} lib
 */
export function built(lib) {
  return import(pathToFileURL(join(LIBS, lib, 'src', 'index.js')).href);
}
