import type { Rest, Role } from '../../tools/demo/rest.mjs';
import { waitUntil } from './condition.js';
import type { Platform } from './platform.js';
import type { RegularSite } from './regular-site.js';
import { enrolled, openTunnel } from './tunnel-agent.js';

export type Path = 'direct' | 'tunnel';

export interface FederatedSite {
  siteId: string;
  label: string;
  /** Cuts the path for good. */
  cut: () => Promise<void>;
}

/** Connects a site whose servers run in the test to a platform, on either path. @param address of a direct one, else its own */
export const federate = async (
  platform: Platform,
  rest: Rest,
  site: RegularSite,
  path: Path,
  address = site.address,
): Promise<FederatedSite> => {
  const record = await rest.createSite(`Site ${path}`);
  const role = async (): Promise<Role | undefined> =>
    (await rest.list<Role>(`/federation-roles?siteId=${record.id}`))[0];
  await waitUntil('the site has a role', async () => (await role()) !== undefined);
  const id = (await role())?.id ?? '';
  const account = { username: site.username, password: site.password, enabled: true };
  let cut = (): Promise<void> => site.stop();
  if (path === 'tunnel') {
    const { content } = await rest.issueKeyfile(record.id);
    const identity = await enrolled(platform.ports.tunnel, content, { siteTlsSpki: site.tlsSpki });
    const session = await openTunnel(platform.ports.tunnel, identity, { services: { directory: site.server.lanPort } });
    cut = async () => session.close();
    await rest.call('PATCH', `/federation-roles/${id}`, account);
  } else {
    await rest.call('PATCH', `/federation-roles/${id}`, { ...account, directoryAddress: address, tlsPin: site.tlsPin });
  }
  await waitUntil('the role is connected', async () => (await role())?.state === 'connected');
  return { siteId: record.id, label: record.label, cut };
};

/** Id of an entity by its key at the site. */
export const entityIdOf = async (platform: Platform, siteId: string, remoteId: string): Promise<string> => {
  const sql = 'SELECT id FROM entity WHERE site_id = $1 AND remote_id = $2';
  const [row] = await platform.query<{ id: string }>(sql, [siteId, remoteId]);
  if (!row) throw new Error(`the site has no ${remoteId}`);
  return row.id;
};
