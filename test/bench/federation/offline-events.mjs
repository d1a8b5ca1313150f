import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { entryOf } from '../../../tools/launcher/cloud.mjs';
import { runCommand } from '../../../tools/launcher/command.mjs';
import { freePort } from '../../../tools/launcher/port.mjs';
import { builtApp } from '../built.mjs';
import { BenchCloud } from '../cloud.mjs';
import { startLine } from '../line.mjs';
import { LoadProcess } from '../load/process.mjs';
import { NARROW } from './commands.mjs';

const EVENTS = 10_000;
const TYPE = 'camera.motion';
const DAY_MS = 86_400_000;
const ARRIVED_BAR_S = 60;
const ADDED_BAR_MS = 50;
/** Of 2 Mbit/s each. */
const CAMERAS = ['Gate', 'Yard'];
const SETTLE_MS = 8_000;
/** Of a new contact of the role, which the wish for events needs too: what it does to pictures is told apart. */
const RECONNECTION_MS = 4_000;
const POLL_MS = 100;
const LIMIT_MS = 150_000;
/** What the journal may hold in memory while it is filled. */
const MOST_WAITING = 5_000;

/** @typedef {import('../../../tools/demo/rest.mjs').Rest} Rest */

/**
 * The events that a real agent has collected in a day without its host come over its narrow uplink, beside live video: how soon they
 * are in the database, and what they do to the pictures. The day is in the times of the events; the store is the agent's own. To be run
 * where kernel buffers are small.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 * @param {(() => Promise<void>)[]} stops
 * @param {number} forMs of the idle uplink
 */
export async function offlineEvents({ report, progress }, stops, forMs) {
  const viewers = await startLoad('client', 'viewers', stops);
  const camera = await startLoad('site', 'camera', stops);
  const endpointPort = await freePort();
  const cloud = await BenchCloud.start({ endpointPort, apps: ['federation', 'video-redirector'] });
  stops.push(() => cloud.stop());
  const to = `127.0.0.1:${cloud.ports.tunnel}`;
  const line = await startLine(['--to', to, '--listen', String(endpointPort), ...NARROW]);
  stops.push(line.stop);
  progress(`a store of ${EVENTS} events of a day …`);
  const site = await cloud.startAgent({}, {}, fill);
  const rest = await cloud.signIn();
  const roleId = await federate(rest, site, camera.port);
  for (const url of await streams(rest, site.id)) await viewers.ask('open', { url, count: 1, kind: 'timed' });
  progress('live video on an idle uplink …');
  await delay(SETTLE_MS);
  await viewers.ask('figures');
  await delay(forMs);
  const idle = await viewers.ask('figures');
  progress('its role is contacted anew, without events …');
  await rest.call('PATCH', `/federation-roles/${roleId}`, { resilientConnection: true });
  await delay(RECONNECTION_MS);
  const anew = await viewers.ask('figures');
  progress('the events come …');
  const from = performance.now();
  await rest.call('PATCH', `/federation-roles/${roleId}`, { eventTypes: ['*'] });
  await untilArrived(cloud, 1);
  await viewers.ask('figures');
  await untilArrived(cloud, EVENTS);
  const arrivedMs = performance.now() - from;
  const busy = await viewers.ask('figures');
  const what = `${EVENTS} events of a day offline, 10 Mbit/s and 40 ms uplink`;
  const bar = `value <= ${ARRIVED_BAR_S}`;
  report({ figure: `${what}: all arrived`, value: arrivedMs / 1_000, unit: 's', bar });
  report({
    figure: `${what}: lost, twice or out of order`,
    value: await wrong(cloud),
    unit: 'events',
    bar: 'value <= 0',
  });
  for (const point of /** @type {const} */ (['p50', 'p99', 'max'])) {
    const referenceValue = Number(idle[point].toPrecision(4));
    const limit = point === 'p99' ? { bar: `value <= ${(idle[point] + ADDED_BAR_MS).toFixed(1)}` } : {};
    const figure = `${what}: delay of live pictures beside them, ${point}`;
    report({ figure, value: busy[point], unit: 'ms', reference: 'before the events', referenceValue, ...limit });
  }
  report({
    figure: 'delay of live pictures while the role is contacted anew, without events: max',
    value: anew.max,
    unit: 'ms',
  });
  report({ figure: `${what}: pictures timed`, value: busy.pictures, unit: 'pictures' });
  report({ figure: `${what}: gaps in live video`, value: busy.gaps, unit: 'gaps', bar: 'value <= 0' });
}

/**
 * @param {'client' | 'site'} role
 * @param {string} name of the program
 * @param {(() => Promise<void>)[]} stops
 */
async function startLoad(role, name, stops) {
  const load = await LoadProcess.start(role, { file: join(import.meta.dirname, '..', 'video', `${name}.mjs`) });
  stops.push(() => load.stop());
  return load;
}

/** @param {string} directory state directory of an agent that has not run yet */
async function fill(directory) {
  const { EventJournal, EventThread, eventLimits } = await builtApp('agent', 'events/index.js');
  const fail = (/** @type {unknown} */ told) => {
    throw new Error(`the store of events: ${String(told)}`);
  };
  const listener = { onFault: fail, onRecovered: fail, onReplaced: fail, onUnknownPosition: fail };
  const journal = new EventJournal({ store: new EventThread({ directory, limits: eventLimits }), ...listener });
  journal.start();
  const began = Date.now() - DAY_MS;
  for (let number = 0; number < EVENTS; number++) {
    const at = new Date(began + (number * DAY_MS) / EVENTS);
    const topic = 'tns1:RuleEngine/CellMotionDetector/Motion';
    const source = {
      VideoSourceConfigurationToken: 'source-1',
      VideoAnalyticsConfigurationToken: 'a-1',
      Rule: 'Motion',
    };
    const details = { topic, source, data: { IsMotion: 'true' }, active: true, number };
    journal.event({ type: TYPE, sourceId: 'gate', at, details });
    while (journal.status.waiting > MOST_WAITING) await delay(1);
  }
  while (journal.status.waiting > 0) await delay(1);
  await journal.close();
}

/**
 * Cameras and account on site, and a role that does not want events yet.
 * @param {Rest} rest
 * @param {{ id: string, label: string, stateDir: string }} site
 * @param {number} cameraPort
 * @returns {Promise<string>} id of the role
 */
async function federate(rest, { id, label, stateDir }, cameraPort) {
  const env = { PATH: process.env.PATH, ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' };
  const agent = (/** @type {string[]} */ args, input = '') =>
    runCommand(process.execPath, [entryOf('agent'), ...args], { env, ...(input ? { input } : {}) });
  const password = randomBytes(18).toString('base64url');
  await agent(['user', 'add', 'cloud', '--allow', 'all', '--password-stdin'], `${password}\n`);
  for (const name of CAMERAS) await agent(['camera', 'add', `rtsp://127.0.0.1:${cameraPort}/cam`, '--name', name]);
  /** @type {{ id: string, state: string }[]} */
  let roles = [];
  const look = async () => (roles = await rest.list(`/federation-roles?siteId=${id}`));
  await until('the site has a role', async () => (await look()).length > 0);
  const directoryAddress = `directory.${label}.tunnel.adit.internal`;
  const account = { directoryAddress, username: 'cloud', password, enabled: true };
  await rest.call('PATCH', `/federation-roles/${roles[0]?.id}`, { ...account, eventTypes: [], federateAlarms: false });
  await until('the role is connected', async () => (await look())[0]?.state === 'connected');
  return roles[0]?.id ?? '';
}

/**
 * @param {Rest} rest
 * @param {string} siteId
 * @returns {Promise<string[]>} a URL for each camera
 */
async function streams(rest, siteId) {
  /** @type {{ id: string, state: string }[]} */
  let cameras = [];
  await until('the cameras are online', async () => {
    cameras = await rest.list(`/cameras?siteId=${siteId}`);
    return cameras.filter(({ state }) => state === 'online').length === CAMERAS.length;
  });
  const tickets = cameras.map(({ id }) => rest.call('POST', `/cameras/${id}/view-tickets`, { usage: 'live' }));
  return (await Promise.all(tickets)).map((ticket) => /** @type {{ url: string }} */ (ticket).url);
}

/**
 * @param {BenchCloud} cloud
 * @param {number} count that is in the database then
 */
function untilArrived(cloud, count) {
  return until(`${count} events have arrived`, async () => {
    const [row] = await cloud.query('SELECT count(*)::integer AS count FROM event WHERE type = $1', [TYPE]);
    return row?.count >= count;
  });
}

/** @param {BenchCloud} cloud @returns {Promise<number>} events that are not where they belong, by the number in them */
async function wrong(cloud) {
  const text = `SELECT (details ->> 'number')::integer AS number FROM event WHERE type = $1 ORDER BY arrived_at`;
  const numbers = (await cloud.query(text, [TYPE])).map(({ number }) => number);
  return Math.abs(numbers.length - EVENTS) + numbers.filter((number, index) => number !== index).length;
}

/**
 * @param {string} what
 * @param {() => Promise<boolean>} holds
 */
async function until(what, holds) {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}
