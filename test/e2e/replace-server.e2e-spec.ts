import type { Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';

interface Issued {
  keyfile: { keyfileId: string; agentId: string };
  content: string;
}

/** What a site is to its federation host; a new server must change none of it. */
interface Kept {
  name: string;
  label: string;
  role: string | undefined;
  entities: string[];
}

let platform: Platform;
let camera: GstCamera;
let rest: Rest;

beforeAll(async () => {
  camera = await startGstCamera();
  platform = await Platform.start();
  rest = await platform.signIn();
}, 120_000);

afterAll(async () => {
  await platform?.stop();
  await camera?.stop();
}, 30_000);

const replace = async (site: Site, when: 'now' | 'on-enrolment'): Promise<Issued> =>
  (await rest.call('POST', `/sites/${site.record.id}/replace`, { when })) as Issued;

const start = async (site: Site): Promise<void> => {
  await site.addCamera(camera.url('/cam'), 'Gate');
  await site.run();
  await site.federate();
};

const keptOf = async (site: Site): Promise<Kept> => {
  const { name, label } = (await rest.call('GET', `/sites/${site.record.id}`)) as { name: string; label: string };
  const [role] = await rest.list<{ id: string }>(`/federation-roles?siteId=${site.record.id}`);
  const cameras = await rest.list<{ id: string }>(`/cameras?siteId=${site.record.id}`);
  return { name, label, role: role?.id, entities: cameras.map(({ id }) => id) };
};

const openSessions = async (site: Site): Promise<string[]> => {
  const rows = await platform.query<{ agent: string }>(
    'SELECT agent_id AS agent FROM tunnel_session WHERE site_id = $1 AND closed_at IS NULL',
    [site.record.id],
  );
  return rows.map(({ agent }) => agent);
};

const pinsOf = (site: Site): Promise<{ pin: Buffer }[]> =>
  platform.query('SELECT site_tls_spki AS pin FROM site_tls_pin WHERE site_id = $1', [site.record.id]);

describe('replacing the server of a site', () => {
  it('cuts the old one off at once; the new one has its name, role, cameras and history', async () => {
    await using old = await platform.createSite('Hamburg Nord');
    await start(old);
    const [gate] = await old.cameras('Gate');
    if (!gate) throw new Error('no camera');
    const [kept, url, [oldPin]] = [await keptOf(old), await old.viewUrl(gate), await pinsOf(old)];
    const asked = performance.now();
    const issued = await replace(old, 'now');
    await waitUntil('the old server has no tunnel', async () => (await openSessions(old)).length === 0);
    expect(performance.now() - asked).toBeLessThan(3_000);
    expect(await describeRtsp(url)).toMatchObject({ status: 503 });
    await using next = old.successor(issued.content);
    await start(next);
    const [again] = await next.cameras('Gate');
    expect(again?.id).toBe(gate.id);
    expect(await keptOf(next)).toEqual(kept);
    const [newPin] = await pinsOf(next);
    expect(newPin?.pin.equals(oldPin?.pin ?? Buffer.of())).toBe(false);
    // The viewer's URL of before goes on, to the new server's own key.
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
    const history = await rest.list<{ closeReason: string | null }>(`/sites/${next.record.id}/tunnel/history`);
    expect(history).toHaveLength(2);
    expect(await openSessions(next)).toEqual([issued.keyfile.agentId]);
  }, 120_000);

  it('can wait for the new one, which then takes over while viewers keep their URL', async () => {
    await using old = await platform.createSite('Hamburg Ost');
    await start(old);
    const [gate] = await old.cameras('Gate');
    if (!gate) throw new Error('no camera');
    const [kept, url] = [await keptOf(old), await old.viewUrl(gate)];
    const issued = await replace(old, 'on-enrolment');
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
    await using next = old.successor(issued.content);
    await start(next);
    await waitUntil('only the new server has a tunnel', async () => {
      const agents = await openSessions(next);
      return agents.length === 1 && agents[0] === issued.keyfile.agentId;
    });
    await next.cameras('Gate');
    expect(await keptOf(next)).toEqual(kept);
    expect(await describeRtsp(url)).toMatchObject({ status: 200 });
  }, 120_000);
});
