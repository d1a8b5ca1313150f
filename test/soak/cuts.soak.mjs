import { compiled } from './compiled.mjs';

/** The shares of the load that have come down when the line is cut, in turns. */
const SHARES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

/**
 * Every kind of cut in turns, under load on 32 channels.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function cuts({ report, progress, extent: { rounds } }) {
  const { CUTS, CHANNELS, cutUnderLoad } = await compiled('cuts');
  /** @type {string[]} */
  const faults = [];
  let broken = 0;
  for (let round = 0; round < rounds; round++) {
    const cut = CUTS[round % CUTS.length];
    const share = SHARES[Math.floor(round / CUTS.length) % SHARES.length];
    const found = await cutUnderLoad({ cut, share }).catch((/** @type {unknown} */ error) => [String(error)]);
    if (found.length > 0) broken += 1;
    for (const fault of found) faults.push(`round ${round}, ${cut} after ${share}: ${fault}`);
    if ((round + 1) % 10 === 0) progress(`${round + 1} rounds, ${broken} with faults`);
  }
  for (const fault of faults.slice(0, 20)) progress(fault);
  report({ figure: `cuts on ${CHANNELS} channels`, value: rounds, unit: 'rounds' });
  report({ figure: 'rounds in which a byte or a channel was lost', value: broken, unit: 'rounds', bar: 'value <= 0' });
}
