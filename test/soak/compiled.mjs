import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformFile } from '@swc/core';

const ROOT = join(import.meta.dirname, '..', '..');
const FROM = join(ROOT, 'libs', 'multiplex');
const TARGET = { jsc: { target: /** @type {const} */ ('es2023') }, swcrc: false };

/** @type {Promise<string> | undefined} */
let compiling;

/**
 * A module of `libs/multiplex/test`. It is no part of the build, so it is compiled here, with the lib that it tests:
 * CI and soak run the same code.
 * @param {string} name
 */
export async function compiled(name) {
  const folder = await (compiling ??= compile());
  return import(pathToFileURL(join(folder, 'test', `${name}.js`)).href);
}

/** @returns {Promise<string>} a folder of this process alone, inside the clone because modules are found from there */
async function compile() {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const to = mkdtempSync(join(ROOT, 'dist', 'soak-'));
  process.on('exit', () => rmSync(to, { recursive: true, force: true }));
  for (const folder of ['src', 'test']) {
    mkdirSync(join(to, folder));
    const sources = readdirSync(join(FROM, folder)).filter((file) => /(?<!\.spec)\.ts$/.test(file));
    for (const file of sources) {
      const { code } = await transformFile(join(FROM, folder, file), TARGET);
      writeFileSync(join(to, folder, file.replace(/\.ts$/, '.js')), code);
    }
  }
  return to;
}
