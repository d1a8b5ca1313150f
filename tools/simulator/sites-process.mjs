/**
 * A process that is many simulated sites. It is told what to do over IPC, and ends with the process that started it.
 * Orders: `add` sites, `rates` of events and changes, `change` one entity, `count`, `close`.
 */
import { SimulatedSite } from './simulated-site.mjs';
import { Pacer } from './pacer.mjs';

/** Sites that enrol and connect at once: what the broker lets one address have under way is more. */
const AT_ONCE = 16;
const TICK_MS = 50;

/** @typedef {import('./simulated-site.mjs').SiteOrder} SiteOrder */

/** @type {SimulatedSite[]} */
const sites = [];
let [events, changes] = [0, 0];
const countEvent = () => void (events += 1);
const pace = { events: new Pacer(), changes: new Pacer() };
let turn = 0;

/** @param {SiteOrder} order */
async function addOne(order) {
  const site = new SimulatedSite(order, countEvent);
  sites.push(site);
  await site.start();
  return { name: order.name, lanPort: site.lanPort, tlsPin: site.tlsPin };
}

/** @param {{ sites: SiteOrder[] }} order */
async function add({ sites: orders }) {
  const left = [...orders.entries()];
  /** @type {object[]} */
  const added = [];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) added[next[0]] = await addOne(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { added };
}

function nextSite() {
  const up = sites[turn++ % sites.length];
  return up?.isUp ? up : undefined;
}

function tick() {
  const nowMs = performance.now();
  if (sites.length === 0) return;
  for (let due = pace.events.due(nowMs); due > 0; due--) nextSite()?.connector.emitEvent();
  for (let due = pace.changes.due(nowMs); due > 0; due--) if (nextSite()?.connector.changeState()) changes += 1;
}
setInterval(tick, TICK_MS);

/** @type {Record<string, (order: any) => object | Promise<object>>} */
const COMMANDS = {
  add,
  rates: ({ eventsPerS = 0, changesPerS = 0 }) => {
    const nowMs = performance.now();
    pace.events.set(eventsPerS, nowMs);
    pace.changes.set(changesPerS, nowMs);
    return {};
  },
  change: ({ name, remoteId }) => {
    const changed = sites.find(({ order }) => order.name === name)?.connector.changeState(remoteId);
    return { ...changed, atMs: Date.now() };
  },
  count: () => ({
    sites: sites.length,
    up: sites.filter(({ isUp }) => isUp).length,
    events,
    changes,
    failure: sites.find(({ isUp, failure }) => !isUp && failure !== '')?.failure ?? '',
  }),
  close: async () => {
    await Promise.all(sites.splice(0).map((site) => site.close()));
    return {};
  },
};

/** @param {{ id: number, command: string }} order */
async function obey(order) {
  try {
    process.send?.({ id: order.id, ...(await COMMANDS[order.command]?.(order)) });
  } catch (error) {
    process.send?.({ id: order.id, error: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (/** @type {{ id: number, command: string }} */ order) => void obey(order));
// Ctrl-C reaches the whole group: the process that started this one says when it is over.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
