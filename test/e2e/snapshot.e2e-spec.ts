import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Camera } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { OperatorCli } from '../harness/operator-cli.js';
import { Platform } from '../harness/platform.js';
import { Recording } from '../harness/recording.js';
import type { Site } from '../harness/site.js';
import { HttpClient } from './http-client.js';

jest.setTimeout(30_000);

describe('still pictures of a site behind a tunnel', () => {
  let platform: Platform;
  let live: GstCamera;
  let device: OnvifDevice;
  let site: Site;
  let admin: HttpClient;
  let gate: Camera;
  let hall: Camera;

  const password = (): string => readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  const take = (camera: Camera): Promise<Response> => admin.fetch(`/api/v1/cameras/${camera.id}/snapshot`);
  const refusal = async (camera: Camera): Promise<string> => {
    const response = await take(camera);
    if (response.ok) return String(response.status);
    const { code = '', detail = '' } = (await response.json()) as { code?: string; detail?: string };
    return `${response.status} ${code} ${detail}`;
  };
  /** A picture is given again for a second, and so is a failure. */
  const aSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_100));
  const list = (snapshot: unknown): void => {
    const streams = [{ url: live.url('/cam') }];
    const cameras = [
      { id: 'gate', name: 'Gate', streams, snapshot },
      { id: 'hall', name: 'Hall', streams },
    ];
    writeFileSync(join(site.stateDir, 'cameras.yaml'), JSON.stringify({ cameras }), { mode: 0o600 });
  };

  beforeAll(async () => {
    live = await startGstCamera();
    device = await OnvifDevice.start(new Recording(0, [[0, 1]]), { user: 'viewer', password: 'secret' });
    platform = await Platform.start();
    site = await platform.createSite('Hamburg');
    list({ onvif: device.service, username: 'viewer', password: 'secret' });
    await site.run();
    await site.federate();
    [gate, hall] = (await site.cameras('Gate', 'Hall')) as [Camera, Camera];
    admin = await new HttpClient(platform.api).signIn('admin', password());
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await live?.stop();
    await device?.[Symbol.asyncDispose]();
  }, 30_000);

  it.each([20_000, 1_500_000, 8 << 20])('come as the camera gives them: %d bytes', async (bytes) => {
    await aSecond();
    device.pictures.resize(bytes);
    const response = await take(gate);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(Buffer.from(await response.arrayBuffer()).equals(device.pictures.image)).toBe(true);
    const takenAt = Date.parse(response.headers.get('taken-at') ?? '');
    expect(Math.abs(takenAt - Date.now())).toBeLessThan(10_000);
  });

  it('cost the camera one request, however many ask', async () => {
    device.pictures.resize(20_000);
    await aSecond();
    const before = device.pictures.given;
    const answers = await Promise.all(Array.from({ length: 30 }, () => take(gate)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(device.pictures.given - before).toBeLessThanOrEqual(2);
  });

  it('are refused with the reason', async () => {
    expect(await refusal(hall)).toMatch(/^404 snapshot-unsupported .*names no snapshot/);
    expect(await refusal({ ...gate, id: crypto.randomUUID() })).toMatch(/^404 camera-not-found/);
    const until = (reason: RegExp): Promise<void> =>
      waitUntil(`it is refused: ${String(reason)}`, async () => reason.test(await refusal(gate)));
    list({ onvif: device.service, username: 'viewer', password: 'wrong' });
    await until(/^409 camera-unauthorized camera-unauthorized: /);
    list('http://127.0.0.1:9/snapshot.jpg');
    await until(/^502 snapshot-unavailable camera-unreachable: /);
    list({ url: `${new URL(device.service).origin}/page.jpg`, username: 'viewer', password: 'secret' });
    await until(/^502 snapshot-unavailable camera-refused: .*no JPEG/);
    list({ onvif: device.service, username: 'viewer', password: 'secret' });
    await waitUntil('there are pictures again', async () => (await take(gate)).status === 200);
  });

  it('are limited in number for one caller', async () => {
    // Of a camera that has none: what is refused counts too, and is answered at once.
    const ask = async (): Promise<string> => (await refusal(hall)).slice(0, 3);
    const statuses: string[] = [];
    for (let round = 0; round < 25 && !statuses.includes('429'); round++) {
      statuses.push(...(await Promise.all(Array.from({ length: 20 }, ask))));
    }
    expect(statuses).toContain('429');
    await waitUntil('the window is over', async () => (await ask()) !== '429');
  });

  it('come home as a file', async () => {
    const operator = new OperatorCli();
    try {
      const args = ['login', '--url', platform.api, '--username', 'admin', '--password-file', '-'];
      await operator.run(args, { input: `${password()}\n` });
      expect(await operator.ok('camera', 'snapshot', 'hamburg/gate', '-o', 'gate.jpg')).toContain('hamburg/gate');
      const path = operator.file('gate.jpg');
      expect(readFileSync(path).equals(device.pictures.image)).toBe(true);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const again = await operator.run(['camera', 'snapshot', 'hamburg/gate', '-o', 'gate.jpg']);
      expect([again.exitCode, again.err]).toEqual([73, expect.stringContaining('file-exists')]);
      const none = await operator.run(['camera', 'snapshot', 'Hall', '-o', 'hall.jpg']);
      expect([none.exitCode, none.err]).toEqual([1, expect.stringContaining('snapshot-unsupported')]);
    } finally {
      operator.remove();
    }
  });

  it('say that the site is away', async () => {
    await site.stop();
    await waitUntil('it is told', async () => /^503 (?:site-offline|role-not-connected) /.test(await refusal(gate)));
  });
});
