import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { entryOf } from '../../../tools/launcher/cloud.mjs';
import { runCommand } from '../../../tools/launcher/command.mjs';
import { freePort } from '../../../tools/launcher/port.mjs';
import { signInFirst } from '../../../tools/demo/rest.mjs';
import { BenchCloud } from '../cloud.mjs';
import { startLine } from '../line.mjs';
import { LoadProcess } from '../load/process.mjs';
import { writeTestCard } from './test-card.mjs';

const STEP_MS = 45_000;
const POLL_MS = 200;

/** Entries of the site's list that name the same camera: each is a stream of its own, which nobody has watched yet. */
export const COLD = Array.from({ length: 8 }, (_, index) => `Cold ${index + 1}`);
/** Of four Mbit/s, with pictures that a decoder takes. */
export const CARD = 'Card';
const PLAIN = 'Gate';
const CARD_FILE = 'card.h264';

/**
 * @typedef {object} View
 * @property {string} url by RTSP
 * @property {string} playUrl of the page
 */

/** The whole way: camera, agent, a line, broker, redirector, viewers, each in a process of its own. */
export class Scene {
  /**
   * @param {BenchCloud} cloud
   * @param {{ dir: string, camera: LoadProcess, viewers: LoadProcess, line: import('../line.mjs').Line }} ends
   * @param {(camera: string) => Promise<View>} view a ticket of its own
   */
  constructor(cloud, { dir, camera, viewers, line }, view) {
    this.cloud = cloud;
    this.dir = dir;
    this.hasCard = existsSync(join(dir, CARD_FILE));
    this.camera = camera;
    this.viewers = viewers;
    this.line = line;
    this.view = view;
    /** @type {(camera?: string) => Promise<string>} */
    this.newUrl = async (name = PLAIN) => (await view(name)).url;
    /** @type {(camera?: string) => Promise<string>} */
    this.newPlayUrl = async (name = PLAIN) => (await view(name)).playUrl;
  }

  get redirectorPid() {
    return this.cloud.apps.get('video-redirector')?.pid ?? 0;
  }

  /** Payload of all channels from the site so far. */
  async tunnelBytes() {
    const figures = await this.cloud.brokerFigures();
    return Object.entries(figures)
      .filter(([name]) => /^adit_tunnel_bytes_total\{.*class="live"/.test(name))
      .reduce((sum, [, value]) => sum + value, 0);
  }

  async stop() {
    await this.viewers.stop();
    await this.camera.stop();
    await this.line.stop();
    await this.cloud.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** @param {boolean} hasDecoder whether ffmpeg is here to make the card and to look at it */
  static async start(hasDecoder) {
    const dir = mkdtempSync(join(tmpdir(), 'adit-video-'));
    const card = join(dir, CARD_FILE);
    if (hasDecoder) await writeTestCard(card);
    const file = (/** @type {string} */ name) => join(import.meta.dirname, `${name}.mjs`);
    const camera = await LoadProcess.start('site', { file: file('camera'), args: hasDecoder ? [card] : [] });
    const viewers = await LoadProcess.start('client', { file: file('viewers') });
    const endpointPort = await freePort();
    const cloud = await BenchCloud.start({ endpointPort, apps: ['federation', 'video-redirector'] });
    const line = await startLine(['--to', `127.0.0.1:${cloud.ports.tunnel}`, '--listen', String(endpointPort)]);
    try {
      return new Scene(cloud, { dir, camera, viewers, line }, await federate(cloud, camera.port));
    } catch (error) {
      await Promise.all([cloud.stop(), camera.stop(), viewers.stop(), line.stop()]);
      throw error;
    }
  }
}

/**
 * A site with those cameras, federated.
 * @param {BenchCloud} cloud
 * @param {number} cameraPort
 * @returns {Promise<(camera: string) => Promise<View>>}
 */
async function federate(cloud, cameraPort) {
  const site = await cloud.startAgent({});
  const env = { PATH: process.env.PATH, ADIT_STATE_DIR: site.stateDir, ADIT_CONTAINER: 'false' };
  const agent = (/** @type {string[]} */ args, input = '') =>
    runCommand(process.execPath, [entryOf('agent'), ...args], { env, ...(input ? { input } : {}) });
  const password = randomBytes(18).toString('base64url');
  await agent(['user', 'add', 'cloud', '--allow', 'all', '--password-stdin'], `${password}\n`);
  const names = [PLAIN, CARD, ...COLD];
  for (const name of names) {
    const path = name === CARD ? 'card' : 'cam';
    await agent(['camera', 'add', `rtsp://127.0.0.1:${cameraPort}/${path}`, '--name', name]);
  }
  const api = `http://127.0.0.1:${cloud.ports.http}`;
  const rest = await signInFirst({ api, firstPasswordFile: join(cloud.dataDir, 'first-password') });
  const roles = () => rest.list(`/federation-roles?siteId=${site.id}`);
  const role = await until('the site has a role', async () => (await roles())[0]);
  const directoryAddress = `directory.${site.label}.tunnel.adit.internal`;
  const account = { directoryAddress, username: 'cloud', password, enabled: true };
  await rest.call('PATCH', `/federation-roles/${/** @type {{ id: string }} */ (role).id}`, account);
  const cameras = await until('the cameras are online', async () => {
    /** @type {Camera[]} */
    const listed = await rest.list(`/cameras?siteId=${site.id}`);
    const online = listed.filter(({ state }) => state === 'online');
    return online.length === names.length ? online : undefined;
  });
  return async (name) => {
    const id = cameras.find((camera) => camera.name === name)?.id ?? '';
    return /** @type {View} */ (await rest.call('POST', `/cameras/${id}/view-tickets`, { usage: 'live' }));
  };
}

/** @typedef {{ id: string, name: string, state: string }} Camera */

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T | undefined>} look
 * @returns {Promise<T>}
 */
async function until(what, look) {
  const deadline = performance.now() + STEP_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${STEP_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}
