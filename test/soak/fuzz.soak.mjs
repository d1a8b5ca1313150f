import { compiled } from './compiled.mjs';

/** A session costs so much more than a decoder. */
const DECODERS_PER_SESSION = 10;
const MAX_GROWN_MIB = 8;

/** @typedef {{ outcomes: Record<string, number>, faults: string[], grownBytes: number }} Outcome */

/**
 * Mutated conversations against the decoder alone and against whole sessions of either role.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function fuzz({ report, progress, extent: { inputs, seed } }) {
  let thrown = 0;
  const count = (/** @type {unknown} */ error) => {
    thrown += 1;
    progress(`thrown past everything: ${String(error)}`);
  };
  process.on('uncaughtException', count);
  const told = (/** @type {string} */ what, /** @type {number} */ all, /** @type {Outcome} */ outcome) => {
    for (const fault of outcome.faults) progress(`${what}: ${fault}`);
    progress(`${what}: ${JSON.stringify(outcome.outcomes)}`);
    report({
      figure: `faults, ${what}, ${all} inputs`,
      value: outcome.faults.length,
      unit: 'faults',
      bar: 'value <= 0',
    });
    const bar = `value <= ${MAX_GROWN_MIB}`;
    report({ figure: `memory grown, ${what}`, value: outcome.grownBytes / 2 ** 20, unit: 'MiB', bar });
  };
  const { fuzzDecoder } = await compiled('fuzz-decoder');
  const { fuzzSessions } = await compiled('fuzz-session');
  const done = (/** @type {number} */ number) => progress(`  ${number}`);
  told('decoder', inputs, fuzzDecoder({ inputs, seed, progress: done, samples: 10 }));
  const sessions = Math.ceil(inputs / DECODERS_PER_SESSION / 4);
  for (const role of ['broker', 'agent']) {
    for (const resumable of [false, true]) {
      const outcome = await fuzzSessions({ inputs: sessions, seed, progress: done, samples: 8 }, { role, resumable });
      told(`session of a ${role}${resumable ? ', resumable' : ''}`, sessions, outcome);
    }
  }
  process.off('uncaughtException', count);
  report({ figure: 'errors that nobody caught', value: thrown, unit: 'errors', bar: 'value <= 0' });
}
