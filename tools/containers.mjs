#!/usr/bin/env node
/**
 * Builds every image of the Dockerfile and runs the whole of it once, without an engine (buildah, chroot isolation; as root):
 * the cloud's images, a site's agent image that enrols with a keyfile from REST, a camera image, and a frame played by ffmpeg.
 *
 *     npm run test:containers [-- --no-build]
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Deployment } from './containers/deployment.mjs';
import { buildImage, ensureBaseImage, readImage, TARGETS, textOf } from './containers/image.mjs';
import { Rest } from './demo/rest.mjs';
import { runCommand } from './launcher/command.mjs';
import { freePort } from './launcher/port.mjs';

const STEP_MS = 60_000;

/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`);

async function buildAll() {
  await ensureBaseImage(say);
  for (const target of TARGETS) {
    const startedAt = Date.now();
    await buildImage(target);
    say(`built ${target} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }
}

async function checkUsers() {
  for (const target of TARGETS.filter((name) => name !== 'provision')) {
    const { user } = await readImage(target);
    if (user !== '10001:10001') throw new Error(`${target} runs as ${user || 'root'}`);
  }
}

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T | undefined>} look
 * @returns {Promise<T>}
 */
async function waitFor(what, look) {
  const deadline = Date.now() + STEP_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${STEP_MS / 1000} s: ${what}`);
    await delay(200);
  }
}

/** @param {Deployment} cloud */
async function startSite(cloud) {
  const rest = await new Rest(`http://127.0.0.1:${cloud.ports.http}`).signIn(
    'admin',
    textOf(join(cloud.secrets, 'secrets', 'admin-api', 'first-password')),
  );
  const site = await rest.createSite('Container site');
  const { content } = await rest.issueKeyfile(site.id);
  const keyfile = cloud.appFile('site.keyfile', content);
  const agent = await cloud.run({
    target: 'agent',
    env: { ADIT_KEYFILE_FILE: '/run/adit/site.keyfile' },
    volumes: { [cloud.volume('agent')]: '/var/lib/adit', [keyfile]: '/run/adit/site.keyfile:ro' },
  });
  await agent.healthy(STEP_MS);
  say('the agent is healthy: enrolled, tunnel up');
  return { rest, site, agent };
}

/**
 * @param {Deployment} cloud
 * @param {Awaited<ReturnType<typeof startSite>>} started
 * @returns {Promise<string>} the stream URL
 */
async function federate(cloud, { rest, site, agent }) {
  const port = await freePort();
  await cloud.run({ target: 'demo-camera' }, ['node', 'dist/apps/demo-camera/src/main.js', '--port', String(port)]);
  const add = ['adit-agent', 'camera', 'add', `rtsp://127.0.0.1:${port}/high`, '--name', 'Gate', '--id', 'gate'];
  await waitFor('the camera answers the agent', () =>
    agent.exec(add).then(
      () => true,
      () => undefined,
    ),
  );
  const password = randomBytes(18).toString('base64url');
  await agent.exec(['adit-agent', 'user', 'add', 'cloud', '--allow', 'all', '--password-stdin'], `${password}\n`);
  const role = await waitFor('the site has its role', async () => {
    const [first] = await rest.list(`/federation-roles?siteId=${site.id}`);
    return /** @type {{ id: string } | undefined} */ (first);
  });
  const directoryAddress = `directory.${site.label}.tunnel.adit.internal`;
  await rest.call('PATCH', `/federation-roles/${role.id}`, {
    directoryAddress,
    username: 'cloud',
    password,
    enabled: true,
  });
  const camera = await waitFor('the camera is online in REST', async () => {
    /** @type {import('./demo/rest.mjs').Camera[]} */
    const [first] = await rest.list(`/cameras?siteId=${site.id}`);
    return first?.state === 'online' ? first : undefined;
  });
  const { url } = /** @type {{ url: string }} */ (await rest.call('POST', `/cameras/${camera.id}/view-tickets`, {}));
  return url;
}

/** @param {string} url */
async function play(url) {
  const input = ['-v', 'error', '-rtsp_transport', 'tcp', '-i', url];
  const frames = await runCommand('ffmpeg', [...input, '-frames:v', '25', '-f', 'framemd5', '-'], {
    timeoutMs: STEP_MS,
  });
  const count = frames.split('\n').filter((line) => /^0,/.test(line)).length;
  if (count !== 25) throw new Error(`${count} frames of 25`);
}

const dir = mkdtempSync('/var/tmp/adit-containers-');
chmodSync(dir, 0o711);
const cloud = new Deployment(dir, say);
try {
  if (!process.argv.includes('--no-build')) await buildAll();
  await checkUsers();
  await cloud.start();
  const url = await federate(cloud, await startSite(cloud));
  await play(url);
  process.stdout.write('containers: every image built and run; the agent enrolled; 25 frames played\n');
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
} finally {
  await cloud.stop();
  rmSync(dir, { recursive: true, force: true });
}
