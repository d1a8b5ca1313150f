import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Camera as Listed, Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { Platform } from '../harness/platform.js';
import { Recording } from '../harness/recording.js';
import type { Site } from '../harness/site.js';
import { ViewerProbe } from '../harness/viewer-probe.js';
import { HttpClient } from './http-client.js';

jest.setTimeout(60_000);

type Camera = Listed & { stateReason?: string; streams: { usages: string[]; width: number }[] };

const account = { user: 'viewer', password: 'onvif-secret' };

describe('an ONVIF device of a site behind a tunnel', () => {
  let device: OnvifDevice;
  let platform: Platform;
  let site: Site;
  let rest: Rest;
  let gate: Camera;

  const cameras = (): Promise<Camera[]> => rest.list<Camera>(`/cameras?siteId=${site.record.id}`);
  const stateOf = async (): Promise<string> => {
    const found = (await cameras()).find(({ name }) => name === 'Gate');
    return `${found?.state} ${found?.stateReason ?? ''}`.trim();
  };
  const until = (wanted: string): Promise<void> =>
    waitUntil(`the camera is ${wanted}`, async () => (await stateOf()) === wanted, 40_000);
  const add = (password: string): Promise<string> =>
    site.agent(
      [
        'onvif',
        'add',
        device.service,
        '--id',
        'gate',
        '--name',
        'Gate',
        '--user',
        account.user,
        '--password-stdin',
        '--no-probe',
      ],
      `${password}\n`,
    );

  beforeAll(async () => {
    device = await OnvifDevice.start(new Recording(0, [[0, 1]]), { ...account, ptz: true, skewMs: 3_600_000 });
    platform = await Platform.start();
    site = await platform.createSite('Hamburg');
    rest = await platform.signIn();
    await add('wrong');
    await site.run();
    await site.federate();
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await device?.[Symbol.asyncDispose]();
  }, 30_000);

  it('is offline with the reason while the password is wrong, and works once it is right', async () => {
    await until('offline camera-unauthorized');
    await site.agent(['onvif', 'password', 'gate', '--password-stdin'], `${account.password}\n`);
    // Its clock is an hour off, which is told and harms nothing.
    await until('online camera-clock-skewed');
    gate = (await cameras()).find(({ name }) => name === 'Gate') as Camera;
  });

  it.each([
    ['high-res', 1280],
    ['low-res', 640],
  ] as const)('plays %s through the tunnel', async (usage, width) => {
    const probe = await ViewerProbe.play(await site.viewUrl(gate, usage));
    await probe.until(() => probe.video().length > 10);
    await probe.close();
    expect(gate.streams.find(({ usages }) => usages.includes(usage))).toMatchObject({ width });
  });

  it('gives a still picture', async () => {
    const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
    const admin = await new HttpClient(platform.api).signIn('admin', password);
    const response = await admin.fetch(`/api/v1/cameras/${gate.id}/snapshot`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(device.pictures.image)).toBe(true);
  });

  it('starts and stops its recording', async () => {
    const recorded = async (): Promise<unknown> => {
      const { properties } = (await rest.call('GET', `/entities/${gate.id}`)) as {
        properties: Record<string, unknown>;
      };
      return properties['recording'];
    };
    for (const recording of [true, false]) {
      const answer = await rest.call('POST', `/cameras/${gate.id}/recording`, { recording });
      expect(answer).toMatchObject({ deviceMs: expect.any(Number) as number });
      await waitUntil(`its entity says ${recording}`, async () => (await recorded()) === recording);
    }
    expect(device.commands).toEqual(['recording job-1 Active', 'recording job-1 Idle']);
  });

  it('goes away, comes back, and is subscribed to again', async () => {
    await waitUntil('it has a subscription', () => device.events.subscriptions.size > 0);
    await device.away();
    await until('offline camera-unreachable');
    device.setClock(0);
    await device.back();
    await until('online');
    await waitUntil('it has a subscription again', () => device.events.subscriptions.size > 0);
  });

  it('is still there after a start of the agent without it', async () => {
    await device.away();
    await site.kill();
    await until('offline camera-unreachable');
    expect((await cameras()).map(({ id }) => id)).toEqual([gate.id]);
    await device.back();
    await until('online');
  });

  it('leaves no password anywhere', () => {
    const texts = readdirSync(site.stateDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(texts.join('\n')).not.toContain(account.password);
  });
});
