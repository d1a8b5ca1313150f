import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { waitUntil } from '../harness/condition.js';
import { type TestSite, TunnelCloud } from '../harness/tunnel-cloud.js';

const execute = promisify(execFile);

describe('what the cloud can reach on a site', () => {
  let cloud: TunnelCloud;
  let camera: GstCamera;
  let agent: AppProcess;
  let site: TestSite;
  let keyfileId: string;
  const lines: string[] = [];

  beforeAll(async () => {
    cloud = await TunnelCloud.start();
    camera = await startGstCamera();
    site = await cloud.newSite();
    const keyfile = await cloud.newKeyfile(site);
    keyfileId = keyfile.keyfileId;
    const stateDir = join(cloud.platform.dataDir, 'agent');
    mkdirSync(stateDir, { mode: 0o700 });
    const keyfilePath = join(cloud.platform.dataDir, 'keyfile');
    writeFileSync(keyfilePath, keyfile.text, { mode: 0o600 });
    agent = new AppProcess({
      name: 'agent',
      entry: entryOf('agent'),
      args: ['run', '--keyfile', keyfilePath],
      env: { ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' },
      readyType: 'up',
      log: (_name, line) => lines.push(line),
    });
    await agent.start(30_000);
  }, 90_000);

  afterAll(async () => {
    await agent?.stop();
    await camera?.stop();
    await cloud?.stop();
  });

  /** CONNECT to a service by the ingress. @returns its status and code */
  const dial = async (service: string, channelClass: 'control' | 'live'): Promise<{ status: number; code: string }> => {
    const ticket = await cloud.ticket(site.label, service, { class: channelClass });
    const args = ['-s', '-D', '-', '-o', '/dev/null', '-w', '\n%{http_connect}', '--max-time', '2', '-p'];
    const proxy = ['-x', `http://127.0.0.1:${cloud.ingressPort}`, '-U', `ticket:${ticket}`];
    const url = `http://${service}.${site.label}.tunnel.adit.internal/`;
    const { stdout } = await execute('curl', [...args, ...proxy, url]).catch((error: { stdout: string }) => error);
    return { status: Number(stdout.trim().split('\n').at(-1)), code: /^adit-code: (\S+)/im.exec(stdout)?.[1] ?? '' };
  };

  it('is its directory and its redirector', async () => {
    expect(await dial('directory', 'control')).toMatchObject({ status: 200 });
    expect(await dial('redirector', 'live')).toMatchObject({ status: 200 });
  }, 30_000);

  it('is no camera, by whatever name, and no service in a class it is not for', async () => {
    const port = new URL(camera.url('/cam')).port;
    for (const service of ['camera', 'rtsp', `port-${port}`]) {
      expect(await dial(service, 'live')).toEqual({ status: 403, code: 'unknown-service' });
    }
    expect(await dial('directory', 'live')).toMatchObject({ status: 403, code: 'dial-refused' });
    expect(lines.some((line) => line.includes('a channel was refused') && line.includes('unknown-service'))).toBe(true);
  }, 30_000);

  it('is nothing once its identity is revoked; the agent then says so and stays', async () => {
    const { pid } = agent;
    await cloud.revoke(keyfileId);
    await waitUntil('the agent tells of the revocation', () =>
      Promise.resolve(lines.some((line) => /certificate-revoked|agent-revoked/.test(line))),
    );
    expect(lines.some((line) => line.includes('replacement keyfile'))).toBe(true);
    expect(agent.pid).toBe(pid);
  }, 30_000);

  it('stops within three seconds of SIGTERM', async () => {
    const began = performance.now();
    await agent.stop();
    expect(performance.now() - began).toBeLessThan(3_000);
  }, 30_000);
});
