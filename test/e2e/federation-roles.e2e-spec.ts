import { randomBytes } from 'node:crypto';
import { CameraListFile } from '../../apps/agent/src/connectors/index.js';
import type { Camera, Rest } from '../../tools/demo/rest.mjs';
import { freePort } from '../../tools/launcher/port.mjs';
import { waitUntil } from '../harness/condition.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import { sitePin } from '../harness/site-pin.js';
import type { Site } from '../harness/site.js';

interface RoleView {
  id: string;
  state: string;
  stateReason: string | null;
  username: string | null;
  capabilities: string[];
}

const CIDRS = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };
const ALL = ['entities', 'live-streams', 'playback'];
const password = randomBytes(18).toString('base64url');

describe('a federation role', () => {
  let platform: Platform;
  let rest: Rest;
  let stranger: Rest;

  beforeAll(async () => {
    platform = await Platform.start({ extra: { federation: CIDRS, 'video-redirector': CIDRS } });
    rest = await platform.signIn();
    ({ rest: stranger } = await otherTenant(platform));
  }, 120_000);

  afterAll(() => platform?.stop(), 30_000);

  describe.each(['direct', 'tunnel'] as const)('that is connected by %s', (way) => {
    let site: Site;
    let roleId: string;
    let contact: { directoryAddress: string; tlsPin?: string };

    const role = async (id = roleId): Promise<RoleView> =>
      (await rest.call('GET', `/federation-roles/${id}`)) as RoleView;
    const change = (body: object, id = roleId): Promise<unknown> => rest.call('PATCH', `/federation-roles/${id}`, body);
    const cameras = async (): Promise<Camera[]> => rest.list<Camera>(`/cameras?siteId=${site.record.id}`);
    const names = async (): Promise<string[]> => (await cameras()).map(({ name }) => name).toSorted();
    const until = async (state: string, reason: RegExp | null, id = roleId): Promise<RoleView> => {
      await waitUntil(`the role is ${state}, ${String(reason)}`, async () => {
        const now = await role(id);
        return now.state === state && (reason === null ? now.stateReason === null : reason.test(now.stateReason ?? ''));
      });
      return role(id);
    };
    const untilNames = (...expected: string[]): Promise<void> =>
      waitUntil(`the cameras are ${expected.join()}`, async () => (await names()).join() === expected.join());

    beforeAll(async () => {
      const port = await freePort();
      site = await platform.createSite(`Site by ${way}`, { runArgs: ['--directory-listen', `127.0.0.1:${port}`] });
      for (const name of ['Gate', 'Yard'])
        await site.agent(['camera', 'add', 'rtsp://127.0.0.1:9/x', '--name', name, '--no-probe']);
      await site.run();
      await site.agent(['user', 'add', 'cloud', '--allow', 'live,playback', '--password-stdin'], `${password}\n`);
      await waitUntil('the site has a role', async () => {
        const [found] = await rest.list<RoleView>(`/federation-roles?siteId=${site.record.id}`);
        roleId = found?.id ?? '';
        return roleId !== '';
      });
      contact =
        way === 'tunnel'
          ? { directoryAddress: `directory.${site.record.label}.tunnel.adit.internal` }
          : { directoryAddress: `127.0.0.1:${port}`, tlsPin: sitePin(site.stateDir) };
    }, 60_000);

    it('tells a wrong password', async () => {
      await change({ ...contact, username: 'cloud', password: 'wrong-password-2026', enabled: true });
      await until('invalid-credentials', /^invalid-credentials: the site refuses the account$/);
      await change({ password });
      expect(await until('connected', null)).toMatchObject({ capabilities: ALL });
      await untilNames('Gate', 'Yard');
    });

    it('is not led to a site of another name, whosever it is', async () => {
      const elsewhere = change({ directoryAddress: 'directory.elsewhere.tunnel.adit.internal' });
      await expect(elsewhere).rejects.toThrow(/invalid-request/);
      expect(await role()).toMatchObject({ state: 'connected' });
    });

    it('is nothing to another tenant, whose site of the same name is another one', async () => {
      const foreign = await stranger.createSite(`Site by ${way}`);
      expect(foreign.label).toBe(site.record.label);
      for (const [path, code] of [
        [`/federation-roles/${roleId}`, 'role-not-found'],
        [`/sites/${site.record.id}/tree`, 'not-found'],
        [`/cameras/${(await cameras())[0]?.id}`, 'camera-not-found'],
      ]) {
        await expect(stranger.call('GET', path ?? '')).rejects.toThrow(` 404 ${code}`);
      }
      let own: RoleView | undefined;
      const look = async (): Promise<RoleView | undefined> =>
        (own = (await stranger.list<RoleView>(`/federation-roles?siteId=${foreign.id}`))[0]);
      await waitUntil('the other site has a role', async () => (await look()) !== undefined);
      const directoryAddress = `directory.${foreign.label}.tunnel.adit.internal`;
      const account = { directoryAddress, username: 'cloud', password, enabled: true };
      await stranger.call('PATCH', `/federation-roles/${own?.id}`, account);
      await waitUntil('it is told', async () => (await look())?.state === 'connection-failed');
      expect(own?.stateReason).toBe('site-offline: no agent of the site has enrolled yet');
      expect(await stranger.list(`/cameras?siteId=${foreign.id}`)).toEqual([]);
      await stranger.call('PATCH', `/federation-roles/${own?.id}`, { enabled: false });
    });

    it('stays connected when the site is renamed, and shows it under the label of before', async () => {
      const { label } = site.record;
      await rest.call('PATCH', `/sites/${site.record.id}`, { name: `Renamed ${way}` });
      await until('connected', null);
      await untilNames('Gate', 'Yard');
      expect(await rest.call('GET', `/sites/${site.record.id}`)).toMatchObject({ name: `Renamed ${way}`, label });
      expect(await role()).toMatchObject({ directoryAddress: contact.directoryAddress });
      expect(await cameras()).toMatchObject([{ siteLabel: label }, { siteLabel: label }]);
    });

    it('federates the kinds of entities that it is told, and finds the others under the same ids later', async () => {
      const before = await cameras();
      await change({ entityTypes: ['area', 'door'] });
      await untilNames();
      await until('connected', null);
      await change({ entityTypes: ['*'] });
      await untilNames('Gate', 'Yard');
      expect((await cameras()).map(({ id }) => id).toSorted()).toEqual(before.map(({ id }) => id).toSorted());
    });

    it('shows what its account may see, and refuses what it may not do', async () => {
      await site.agent(['user', 'allow', 'cloud', '--cameras', 'gate', '--allow', 'live']);
      await untilNames('Gate');
      await waitUntil(
        'it has what is left',
        async () => (await role()).capabilities.join() === 'entities,live-streams',
      );
      const [gate] = await cameras();
      const [from, to] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
      const timeline = rest.call('GET', `/cameras/${gate?.id}/timeline?from=${from}&to=${to}`);
      await expect(timeline).rejects.toThrow(/site-right-missing/);
      await site.agent(['user', 'allow', 'cloud', '--allow', 'live,playback']);
      await untilNames('Gate', 'Yard');
    });

    it('has company: further roles of the site show what they see, once, under the same ids', async () => {
      const ids = (await cameras()).map(({ id }) => id).toSorted();
      await site.agent(['user', 'add', 'guard', '--cameras', 'yard', '--password-stdin'], `${password}\n`);
      const body = { siteId: site.record.id, name: 'Guard', ...contact, username: 'guard', password, enabled: true };
      const second = (await rest.call('POST', '/federation-roles', body)) as RoleView;
      await until('connected', null, second.id);
      expect((await cameras()).map(({ id }) => id).toSorted()).toEqual(ids);
      await change({ enabled: false });
      // The one that is switched off keeps what nobody else sees, as it was.
      const ofSecond = async (): Promise<string[]> =>
        (await rest.list<Camera & { roleId: string }>(`/cameras?siteId=${site.record.id}`))
          .filter((camera) => camera.roleId === second.id)
          .map(({ name }) => name);
      await waitUntil('the second shows what it sees', async () => (await ofSecond()).join() === 'Yard');
      expect((await cameras()).map(({ id }) => id).toSorted()).toEqual(ids);
      await change({ enabled: true });
      await until('connected', null);
      await rest.call('DELETE', `/federation-roles/${second.id}`);
      await untilNames('Gate', 'Yard');
      expect((await cameras()).map(({ id }) => id).toSorted()).toEqual(ids);
    });

    it('comes back under the ids of before when it was deleted and made again', async () => {
      const ids = (await cameras()).map(({ id }) => id).toSorted();
      await rest.call('DELETE', `/federation-roles/${roleId}`);
      await untilNames();
      const body = { siteId: site.record.id, ...contact, username: 'cloud', password, enabled: true };
      roleId = ((await rest.call('POST', '/federation-roles', body)) as RoleView).id;
      await untilNames('Gate', 'Yard');
      expect((await cameras()).map(({ id }) => id).toSorted()).toEqual(ids);
    });

    it('forgets a camera that the site has deleted', async () => {
      const yard = (await cameras()).find(({ name }) => name === 'Yard');
      await new CameraListFile(site.stateDir).remove('yard');
      await untilNames('Gate');
      for (const path of ['', '/snapshot', '/ptz', '/timeline?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z'])
        await expect(rest.call('GET', `/cameras/${yard?.id}${path}`)).rejects.toThrow(/ 404 camera-not-found /);
    });

    it('waits with a warning while it is resilient, then tells an offline site from an unreachable one', async () => {
      await change({ resilientConnection: true, reconnectionTimeoutSeconds: 6 });
      await until('connected', null);
      await site.stop();
      const reason = way === 'tunnel' ? /^site-offline/ : /^site-unreachable/;
      await until('warning', /^site-(?:offline|unreachable)/);
      expect(await names()).toEqual(['Gate']);
      await until('connection-failed', reason);
      await site.run();
      await until('connected', null);
    }, 60_000);
  });
});
