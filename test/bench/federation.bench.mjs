import { parseArgs } from 'node:util';
import { warnWhenBusy } from './usage.mjs';

/** Each measures one thing and can be run alone. */
const PARTS = ['entities'];

/**
 * Sites as if they were local: `npm run bench -- federation [--only PART]…`.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function federation(bench) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { only: { type: 'string', multiple: true } },
  });
  const unknown = (values.only ?? []).filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: the parts are ${PARTS.join(', ')}`);
  warnWhenBusy(bench.progress);
  for (const part of PARTS.filter((name) => values.only?.includes(name) ?? true)) {
    bench.progress(`${part} …`);
    const { default: run } = await import(`./federation/${part}.mjs`);
    await run(bench);
  }
}
