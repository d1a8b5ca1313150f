import type { Role } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { play } from '../harness/ffmpeg.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';

interface RoleView extends Role {
  stateReason: string | null;
}

describe('federation through a tunnel whose ingress speaks TLS', () => {
  let platform: Platform;
  let camera: GstCamera;
  let site: Site;

  const role = async (): Promise<RoleView> => {
    const rest = await platform.signIn();
    const [found] = await rest.list<RoleView>(`/federation-roles?siteId=${site.record.id}`);
    if (found === undefined) throw new Error('the site has no role');
    return found;
  };

  const untilState = async (state: string, limitMs?: number): Promise<RoleView> => {
    await waitUntil(`the role is ${state}`, async () => (await role()).state === state, limitMs);
    return role();
  };

  beforeAll(async () => {
    camera = await startGstCamera();
    platform = await Platform.start({ extra: { 'tunnel-broker': { ADIT_INGRESS_TLS: 'true' } } });
    site = await platform.createSite('Hamburg Süd');
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
    await site.federate();
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await camera?.stop();
  }, 30_000);

  it('plays a camera', async () => {
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    expect((await play(await site.viewUrl(gate), { seconds: 2 })).length).toBeGreaterThan(40);
  }, 60_000);

  it('says offline when the tunnel is gone, keeps the cameras listed, and is back within 5 s of its return', async () => {
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    const url = await site.viewUrl(gate, 'recording');
    await site.stop();
    await waitUntil('the role says offline', async () => /^site-offline/.test((await role()).stateReason ?? ''));
    expect((await role()).state).toBe('connection-failed');
    const rest = await platform.signIn();
    const listed = await rest.list(`/cameras?siteId=${site.record.id}`);
    expect(listed).toMatchObject([
      { id: gate.id, state: 'unknown', stateReason: expect.stringMatching(/^site-offline/) },
    ]);
    expect(await describeRtsp(url)).toMatchObject({ status: 503, code: 'site-offline' });
    await site.run();
    await untilState('connected', 5_000);
    const [again] = await site.cameras('Gate');
    expect(again?.id).toBe(gate.id);
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
  }, 60_000);

  it('tells a changed password from a lost tunnel', async () => {
    await site.agent(['user', 'add', 'cloud', '--password-stdin'], 'another-password-2026\n');
    await platform.kill('federation');
    const refused = await untilState('invalid-credentials');
    expect(refused.stateReason).toMatch(/^invalid-credentials/);
    await site.federate();
  }, 60_000);
});
