import { mutate } from '../bench/identity/decoders.mjs';

/**
 * The benchmark of decoders, with more inputs.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function decoders({ report, progress, extent: { inputs, seed } }) {
  await mutate({ report, progress }, { inputs, seed });
}
