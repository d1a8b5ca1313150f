import { parseArgs } from 'node:util';
import { warnWhenBusy } from './usage.mjs';
import { isOnPath } from './peers.mjs';
import { Scene } from './video/scene.mjs';

/** Each measures one thing and can be run alone; the order is that of the bars. */
const PARTS = ['latency', 'fan-out', 'first-picture', 'beside', 'stalled', 'cut', 'narrow'];

/**
 * The redirector pair and the tunnel, as processes: `npm run bench -- video [--only PART]… [--seconds N] [--viewers N]`.
 * @param {import('../../tools/bench.mjs').Bench} bench
 */
export default async function video(bench) {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      only: { type: 'string', multiple: true },
      seconds: { type: 'string', default: '5' },
      viewers: { type: 'string', default: '400' },
    },
  });
  const unknown = (values.only ?? []).filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: the parts are ${PARTS.join(', ')}`);
  warnWhenBusy(bench.progress);
  bench.progress('the cloud, a site and its camera …');
  const scene = await Scene.start(isOnPath('ffmpeg'));
  try {
    const extent = { seconds: Number(values.seconds), viewers: Number(values.viewers) };
    for (const part of PARTS.filter((name) => values.only?.includes(name) ?? true)) {
      bench.progress(`${part} …`);
      const { default: run } = await import(`./video/${part}.mjs`);
      await run(bench, scene, extent);
    }
  } finally {
    await scene.stop();
  }
}
