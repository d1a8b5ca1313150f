import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { entryOf } from '../../../tools/launcher/cloud.mjs';
import { runCommand } from '../../../tools/launcher/command.mjs';
import { signInFirst } from '../../../tools/demo/rest.mjs';
import { BenchCloud } from '../cloud.mjs';
import { LoadProcess } from '../load/process.mjs';

const STEP_MS = 45_000;
const POLL_MS = 200;

/** The whole way: camera, agent, broker, redirector, viewers, each in a process of its own. */
export class Scene {
  /**
   * @param {BenchCloud} cloud
   * @param {{ camera: LoadProcess, viewers: LoadProcess }} ends
   * @param {() => Promise<string>} newUrl
   */
  constructor(cloud, { camera, viewers }, newUrl) {
    this.cloud = cloud;
    this.camera = camera;
    this.viewers = viewers;
    this.newUrl = newUrl;
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
    await this.cloud.stop();
  }

  static async start() {
    const file = (/** @type {string} */ name) => join(import.meta.dirname, `${name}.mjs`);
    const camera = await LoadProcess.start('site', { file: file('camera') });
    const viewers = await LoadProcess.start('client', { file: file('viewers') });
    const cloud = await BenchCloud.start({ apps: ['federation', 'video-redirector'] });
    try {
      return new Scene(cloud, { camera, viewers }, await federate(cloud, camera.port));
    } catch (error) {
      await Promise.all([cloud.stop(), camera.stop(), viewers.stop()]);
      throw error;
    }
  }
}

/**
 * A site with that camera, federated.
 * @param {BenchCloud} cloud
 * @param {number} cameraPort
 * @returns {Promise<() => Promise<string>>} gives a URL with a ticket of its own
 */
async function federate(cloud, cameraPort) {
  const site = await cloud.startAgent({});
  const env = { PATH: process.env.PATH, ADIT_STATE_DIR: site.stateDir, ADIT_CONTAINER: 'false' };
  const agent = (/** @type {string[]} */ args, input = '') =>
    runCommand(process.execPath, [entryOf('agent'), ...args], { env, ...(input ? { input } : {}) });
  const password = randomBytes(18).toString('base64url');
  await agent(['user', 'add', 'cloud', '--password-stdin'], `${password}\n`);
  await agent(['camera', 'add', `rtsp://127.0.0.1:${cameraPort}/cam`, '--name', 'Gate']);
  const api = `http://127.0.0.1:${cloud.ports.http}`;
  const rest = await signInFirst({ api, firstPasswordFile: join(cloud.dataDir, 'first-password') });
  const roles = () => rest.list(`/federation-roles?siteId=${site.id}`);
  const role = await until('the site has a role', async () => (await roles())[0]);
  const directoryAddress = `directory.${site.label}.tunnel.adit.internal`;
  const account = { directoryAddress, username: 'cloud', password, enabled: true };
  await rest.call('PATCH', `/federation-roles/${/** @type {{ id: string }} */ (role).id}`, account);
  const cameras = () => rest.list(`/cameras?siteId=${site.id}`);
  const camera = await until('the camera is online', async () =>
    (await cameras()).find((one) => /** @type {{ state: string }} */ (one).state === 'online'),
  );
  const path = `/cameras/${/** @type {{ id: string }} */ (camera).id}/view-tickets`;
  return async () => /** @type {{ url: string }} */ (await rest.call('POST', path, { usage: 'live' })).url;
}

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
