/**
 * `npm run bench -- NAME`: runs `test/bench/NAME.bench.mjs` and prints one JSON line per figure; progress goes to
 * standard error. A missed bar prints `ok: false` and does not fail the run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { judged } from './figure.mjs';

const FOLDER = join(import.meta.dirname, '..', 'test', 'bench');
const SUFFIX = '.bench.mjs';

/** @typedef {import('./figure.mjs').Report} Bench */

/** @returns {string[]} */
function names() {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));
}

const [name] = process.argv.slice(2);
if (!name || !names().includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME\nnames: ${names().join(', ')}\n`);
  process.exit(78);
}
const { default: run } = /** @type {{ default: (bench: Bench) => Promise<void> }} */ (
  await import(pathToFileURL(join(FOLDER, `${name}${SUFFIX}`)).href)
);
await run({
  report: (figure) => process.stdout.write(`${JSON.stringify({ bench: name, ...judged(figure) })}\n`),
  progress: (text) => process.stderr.write(`${text}\n`),
});
