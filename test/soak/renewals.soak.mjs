import { renewUnderLoad } from '../bench/identity/renewals.mjs';

/**
 * The benchmark of renewals, with more of them.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function renewals({ report, progress, extent: { renewals: count } }) {
  await renewUnderLoad({ report, progress }, count);
}
