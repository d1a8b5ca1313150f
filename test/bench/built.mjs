import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const LIBS = join(import.meta.dirname, '..', '..', 'dist', 'libs');
const APPS = join(import.meta.dirname, '..', '..', 'dist', 'apps');

/**
 * A library of the build.
 * @param {string} lib
 */
export function built(lib) {
  return import(pathToFileURL(join(LIBS, lib, 'src', 'index.js')).href);
}

/**
 * A file of a built app.
 * @param {string} app
 * @param {string} file below its `src`
 */
export function builtApp(app, file) {
  return import(pathToFileURL(join(APPS, app, 'src', file)).href);
}

/**
 * A file of a built library that its index does not export.
 * @param {string} lib
 * @param {string} file below its `src`
 */
export function builtLibFile(lib, file) {
  return import(pathToFileURL(join(LIBS, lib, 'src', file)).href);
}
