import { setTimeout as delay } from 'node:timers/promises';

const BEFORE_MS = 3_000;
/** Less than the 30 s for which a session is kept. */
const CUT_MS = 12_000;
/** Until the agent has found out and has dialled again. */
const BACK_MS = 20_000;
const POLL_MS = 50;
const AFTER_MS = 3_000;

/**
 * The line between the site and the cloud is dead for a while under a client that plays: nobody is told, and what was
 * under way is lost.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {import('./scene.mjs').Scene} scene
 */
export default async function cut({ report, progress }, { viewers, line, newUrl }) {
  await viewers.ask('open', { url: await newUrl(), count: 1, kind: 'timed' });
  await delay(BEFORE_MS);
  line.happen('blackhole');
  progress(`the line is dead for ${CUT_MS / 1_000} s …`);
  await delay(CUT_MS);
  const { pictures } = await viewers.ask('jumps');
  line.happen('heal');
  const healedAt = performance.now();
  let backMs = Number.NaN;
  while (Number.isNaN(backMs) && performance.now() - healedAt < BACK_MS) {
    await delay(POLL_MS);
    if ((await viewers.ask('jumps')).pictures > pictures) backMs = performance.now() - healedAt;
  }
  await delay(AFTER_MS);
  const jumps = await viewers.ask('jumps');
  const { gaps } = await viewers.ask('figures');
  await viewers.ask('close');
  const what = `line dead for ${CUT_MS / 1_000} s`;
  report({ figure: `${what}: client connections lost`, value: jumps.isClosed, unit: '', bar: 'value <= 0' });
  report({ figure: `${what}: picture again after`, value: backMs, unit: 'ms' });
  report({ figure: `${what}: pictures out of order`, value: jumps.backwards, unit: 'pictures', bar: 'value <= 0' });
  report({ figure: `${what}: sequence numbers missing`, value: gaps, unit: 'gaps', bar: 'value <= 0' });
  report({ figure: `${what}: gaps`, value: jumps.count, unit: 'gaps' });
  report({
    figure: `${what}: gaps that do not end at a keyframe`,
    value: jumps.notAtKey,
    unit: 'gaps',
    bar: 'value <= 0',
  });
}
