import { idleAgents } from '../bench/idle.bench.mjs';

/**
 * The benchmark of idle agents, with more of them.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function idle({ report, progress, extent: { agents } }) {
  await idleAgents({ report, progress }, agents);
}
