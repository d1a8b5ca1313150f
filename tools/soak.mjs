/**
 * `npm run soak -- [NAME …]`: runs `test/soak/NAME.soak.mjs`, all when none is named, and prints one JSON line per figure;
 * progress goes to standard error. A missed bar prints `ok: false`, and the exit status is 1.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { judged } from './figure.mjs';

const FOLDER = join(import.meta.dirname, '..', 'test', 'soak');
const NAMES = ['cuts', 'fuzz', 'churn', 'idle', 'renewals', 'decoders', 'specs'];

const HELP = `usage: npm run soak -- [NAME …] [FLAGS]

What takes too long for CI: the tunnel's protocol and its broker, for hours and in numbers. All parts, without a flag,
take about an hour and three quarters.

  cuts     the line is cut under load on 32 channels of random bytes: one lane, all lanes, silence, another address, in
           turns. Every SHA-256 is equal and no channel is reset. Two minutes.
             --rounds N   of cuts (100)
  fuzz     mutated conversations against the decoder, beside an oracle, and against whole sessions of either role, with
           and without resume: no crash, a documented code, no timer left, bounded memory. Four minutes.
             --inputs N   for the decoder (1000000); sessions get a tenth of it
             --seed N     where the inputs begin (1)
  churn    a broker process with sessions that come, carry, are cut, resume and go: its memory stays flat, every byte
           arrives, nothing stays open. As long as it is told.
             --minutes N  (60); the bar of the memory is for 10 and more
  idle     what an agent that does nothing costs the broker, in memory. Ten minutes.
             --agents N   (10000); the bar is for 5000 and more
  renewals an agent that renews its certificate under live video: no channel is dropped. A second for each.
             --renewals N (1000)
  decoders mutated keyfiles, certificate requests and JSON: no crash, none slow. Five minutes.
             --inputs N, --seed N as for fuzz
  specs    test/soak/*.soak-spec.ts: end-to-end specs that take long or need a machine that does nothing else, such as video
           over an uplink that carries less than the cameras send. Fifteen minutes.
             --only NAME  those with this in their path

  --help   this text
`;

/**
 * @typedef {object} Extent how much of it
 * @property {number} rounds
 * @property {number} inputs
 * @property {number} seed
 * @property {number} minutes
 * @property {number} agents
 * @property {number} renewals
 *
 * @typedef {import('./figure.mjs').Report & { extent: Extent, only: string | undefined }} Soak given to the default export of a part
 */

const STRING = /** @type {const} */ ('string');

function parsed() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: STRING, default: '100' },
      inputs: { type: STRING, default: '1000000' },
      seed: { type: STRING, default: '1' },
      minutes: { type: STRING, default: '60' },
      agents: { type: STRING, default: '10000' },
      renewals: { type: STRING, default: '1000' },
      only: { type: STRING },
      help: { type: 'boolean', default: false },
    },
  });
  const { help, only, ...texts } = values;
  const entries = Object.entries(texts).map(([flag, text]) => [flag, positive(flag, text)]);
  const stranger = positionals.find((name) => !NAMES.includes(name));
  if (stranger !== undefined) throw new TypeError(`there is no part ${stranger}`);
  const extent = /** @type {Extent} */ (Object.fromEntries(entries));
  return { help, only, extent, names: positionals.length > 0 ? positionals : NAMES };
}

/**
 * @param {string} flag
 * @param {string} text
 */
function positive(flag, text) {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new TypeError(`--${flag} needs a number above 0, not ${text}`);
  return value;
}

/**
 * @param {string} name
 * @param {Extent} extent
 * @param {string} [only]
 * @returns {Promise<boolean>} every bar holds
 */
async function runPart(name, extent, only) {
  const { default: run } = /** @type {{ default: (soak: Soak) => Promise<void> }} */ (
    await import(pathToFileURL(join(FOLDER, `${name}.soak.mjs`)).href)
  );
  let holds = true;
  await run({
    extent,
    only,
    report: (figure) => {
      const line = { soak: name, ...judged(figure) };
      holds = holds && line.ok !== false;
      process.stdout.write(`${JSON.stringify(line)}\n`);
    },
    progress: (text) => process.stderr.write(`${name}: ${text}\n`),
  });
  return holds;
}

/** @returns {ReturnType<typeof parsed> | undefined} undefined when the command line is wrong, which has been said then */
function understood() {
  try {
    return parsed();
  } catch (error) {
    process.stderr.write(`soak: ${/** @type {Error} */ (error).message}\n${HELP}`);
    return undefined;
  }
}

const options = understood();
if (options === undefined) process.exitCode = 78;
else if (options.help) process.stdout.write(HELP);
else for (const name of options.names) if (!(await runPart(name, options.extent, options.only))) process.exitCode = 1;
