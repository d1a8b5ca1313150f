import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformFile } from '@swc/core';

const ROOT = join(import.meta.dirname, '..', '..');
const FROM = join(ROOT, 'libs', 'multiplex');
const TO = join(ROOT, 'dist', 'soak', 'multiplex');
const TARGET = { jsc: { target: /** @type {const} */ ('es2023') }, swcrc: false };

/** @type {Promise<void> | undefined} */
let compiling;

/**
 * A module of `libs/multiplex/test`. It is no part of the build, so it is compiled here, with the lib that it tests:
 * CI and soak run the same code.
 * @param {string} name
 */
export async function compiled(name) {
  await (compiling ??= compile());
  return import(pathToFileURL(join(TO, 'test', `${name}.js`)).href);
}

async function compile() {
  rmSync(TO, { recursive: true, force: true });
  for (const folder of ['src', 'test']) {
    mkdirSync(join(TO, folder), { recursive: true });
    const sources = readdirSync(join(FROM, folder)).filter((file) => /(?<!\.spec)\.ts$/.test(file));
    for (const file of sources) {
      const { code } = await transformFile(join(FROM, folder, file), TARGET);
      writeFileSync(join(TO, folder, file.replace(/\.ts$/, '.js')), code);
    }
  }
}
