import type { ApiClient } from '../api/client.js';
import { collect } from '../api/collect.js';
import { camera as cameraShape, type Camera, site as siteShape, type Site } from '../api/shapes.js';
import { CliError } from '../errors.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const MOST_NAMED = 5;

/** A site by id, label or a name that only one has. @throws CliError `site-unknown`, `name-ambiguous` */
export const findSite = async (api: ApiClient, reference: string): Promise<Site> => {
  if (UUID.test(reference)) return await api.get(siteShape, `/sites/${reference}`);
  const sites = await api.all(siteShape, '/sites', { q: reference });
  const byLabel = sites.find(({ label }) => label === reference);
  if (byLabel) return byLabel;
  const found = theOnly(sites, reference, ({ label }) => label);
  if (found) return found;
  throw new CliError('site-unknown', `no site has the id, label or name ${reference}`, 'adit site list shows them all');
};

/** A camera by id, by `site/path`, or by a name that only one has. @throws CliError `camera-unknown`, `name-ambiguous` */
export const findCamera = async (api: ApiClient, reference: string): Promise<Camera> => {
  if (UUID.test(reference)) return await api.get(cameraShape, `/cameras/${reference}`);
  const cameras = await collect(api.list(cameraShape, '/cameras'));
  const byPath = cameras.find((camera) => cameraAddress(camera) === reference);
  if (byPath) return byPath;
  const found = theOnly(cameras, reference, cameraAddress);
  if (found) return found;
  const advice = 'adit camera list shows them all';
  throw new CliError('camera-unknown', `no camera has the id, the address or the name ${reference}`, advice);
};

export const cameraAddress = ({ siteLabel, path }: Camera): string => `${siteLabel}/${path}`;

/** The exact name first; else upper and lower case are alike. */
const theOnly = <T extends { name: string }>(
  items: readonly T[],
  name: string,
  handle: (item: T) => string,
): T | undefined => {
  const exact = items.filter((item) => item.name === name);
  const found = exact.length > 0 ? exact : items.filter((item) => item.name.toLowerCase() === name.toLowerCase());
  if (found.length <= 1) return found[0];
  const named = found.slice(0, MOST_NAMED).map(handle).join(', ');
  const rest = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : '';
  throw new CliError('name-ambiguous', `${found.length} have the name ${name}`, `Say which: ${named}${rest}`);
};
