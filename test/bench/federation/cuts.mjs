import { setTimeout as delay } from 'node:timers/promises';
import { BenchCloud } from '../cloud.mjs';
import { startLine } from '../line.mjs';
import { watchedCamera } from './changes.mjs';
import { FederatedSites } from './federated-sites.mjs';

/** @typedef {import('../../../tools/demo/rest.mjs').Rest} Rest */

const POLL_MS = 25;
const LIMIT_MS = 60_000;
const ENTITIES = 20;
/** 40 ms there and back. */
const LINE = ['--delay', '20'];

/**
 * What happens to a site's line, for how long, and how soon its role has to be usable after the line is back. `gone`: both
 * ends are told, and who connects meanwhile is refused. `dead`: nobody is told, and what connects meanwhile never passes.
 * `still`: nothing moves, and all of it goes on. Up to 30 s the tunnel is resumed; later, it is a new one.
 * @type {{ what: string, how: 'gone' | 'dead' | 'still', awayMs: number, barMs: number }[]}
 */
const CUTS = [
  { what: 'reset, back at once', how: 'gone', awayMs: 0, barMs: 5_000 },
  { what: 'reset, refused for 10 s', how: 'gone', awayMs: 10_000, barMs: 5_000 },
  { what: 'still for 10 s', how: 'still', awayMs: 10_000, barMs: 20_000 },
  { what: 'silently dead for 10 s', how: 'dead', awayMs: 10_000, barMs: 20_000 },
  { what: 'silently dead for 40 s', how: 'dead', awayMs: 40_000, barMs: 20_000 },
];

/** A line of one site that can go and come back. */
class CutLine {
  /** @param {number} to port of the broker */
  constructor(to) {
    this.flags = ['--to', `127.0.0.1:${to}`, ...LINE];
    this.port = 0;
    /** @type {Awaited<ReturnType<typeof startLine>> | undefined} */
    this.line = undefined;
  }

  async start() {
    const listen = this.port === 0 ? [] : ['--listen', String(this.port)];
    this.line = await startLine([...this.flags, ...listen]);
    this.port = this.line.port;
  }

  /** @param {typeof CUTS[number]['how']} how */
  async cut(how) {
    if (how === 'gone') await this.stop();
    else this.line?.happen(how === 'dead' ? 'blackhole' : 'stall both');
  }

  /** @param {typeof CUTS[number]['how']} how it was cut */
  async heal(how) {
    if (how === 'gone') await this.start();
    else this.line?.happen(how === 'dead' ? 'heal' : 'resume both');
  }

  async stop() {
    this.line?.happen('reset all');
    await this.line?.stop();
    this.line = undefined;
  }
}

/**
 * A site for each kind of cut, all at the same time: from when its line is back to when REST shows what changed there
 * while it was away.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {(() => Promise<void>)[]} stops
 */
export async function cuts({ report, progress }, stops) {
  const cloud = await BenchCloud.start({ apps: ['federation'] });
  stops.push(() => cloud.stop());
  const lines = CUTS.map(() => new CutLine(cloud.ports.tunnel));
  await Promise.all(lines.map((line) => line.start()));
  stops.push(async () => void (await Promise.all(lines.map((line) => line.stop()))));
  const sites = await FederatedSites.prepare(cloud, CUTS.length, 'cut');
  await sites.start({ entities: ENTITIES, endpointPort: (index) => lines[index]?.port ?? 0 }, stops);
  const rows = CUTS.length * ENTITIES;
  await sites.until('all sites are federated', async () => {
    const { connected, entities } = await sites.federated();
    return connected === CUTS.length && entities === rows;
  });
  const rest = await cloud.signIn();
  progress(`${CUTS.length} lines are cut, for up to ${Math.max(...CUTS.map(({ awayMs }) => awayMs)) / 1_000} s …`);
  await Promise.all(
    CUTS.map(async ({ what, how, awayMs, barMs }, index) => {
      const seconds = (await untilUsable(rest, sites, index, { line: lines[index], how, awayMs })) / 1_000;
      report({ figure: `role usable, line ${what}`, value: seconds, unit: 's', bar: `value <= ${barMs / 1_000}` });
    }),
  );
}

/**
 * @param {Rest} rest
 * @param {FederatedSites} sites
 * @param {number} index of the site
 * @param {{ line: CutLine, how: typeof CUTS[number]['how'], awayMs: number }} cut
 * @returns {Promise<number>} ms
 */
async function untilUsable(rest, sites, index, { line, how, awayMs }) {
  const { siteId, label } = sites.identities[index];
  const camera = await watchedCamera(rest, siteId);
  await line.cut(how);
  await delay(awayMs / 2);
  const { state } = await sites.change(label, 'camera-001');
  await delay(awayMs / 2);
  await line.heal(how);
  const from = performance.now();
  for (;;) {
    const seen = /** @type {{ state: string }} */ (await rest.call('GET', `/cameras/${camera}`));
    const ms = performance.now() - from;
    if (seen.state === state || ms > LIMIT_MS) return ms;
    await delay(POLL_MS);
  }
}
