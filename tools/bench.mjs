/**
 * `npm run bench -- NAME`: runs `test/bench/NAME.bench.mjs` and prints one JSON line per figure; progress goes to
 * standard error. A missed bar prints `ok: false` and does not fail the run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = join(import.meta.dirname, '..', 'test', 'bench');
const SUFFIX = '.bench.mjs';

/**
 * @typedef {object} Figure
 * @property {string} figure what is measured
 * @property {number} value
 * @property {string} unit
 * @property {string} [reference] what it is compared with
 * @property {number} [referenceValue] in the same unit
 * @property {string} [bar] `value` or `ratio`, `<=` or `>=`, a number
 *
 * @typedef {object} Bench given to the default export of a benchmark
 * @property {(figure: Figure) => void} report
 * @property {(line: string) => void} progress
 */

/** @returns {string[]} */
function names() {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));
}

/**
 * @param {string} bench
 * @param {Figure} figure
 */
function line(bench, { figure, value, unit, reference, referenceValue, bar }) {
  const ratio = referenceValue === undefined ? undefined : round(value / referenceValue);
  const ok = bar === undefined ? undefined : holds(bar, value, ratio);
  return JSON.stringify({ bench, figure, value: round(value), unit, reference, referenceValue, ratio, bar, ok });
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(4));
}

/**
 * @param {string} bar
 * @param {number} value
 * @param {number | undefined} ratio
 */
function holds(bar, value, ratio) {
  const [, subject, operator, limit] = /^(value|ratio) (<=|>=) (\S+)$/.exec(bar) ?? [];
  const measured = subject === 'ratio' ? ratio : value;
  if (subject === undefined || measured === undefined)
    throw new Error(`the bar ${JSON.stringify(bar)} has another form`);
  return operator === '<=' ? measured <= Number(limit) : measured >= Number(limit);
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
  report: (figure) => process.stdout.write(`${line(name, figure)}\n`),
  progress: (text) => process.stderr.write(`${text}\n`),
});
