import type { ApiClient, Query } from '../api/client.js';
import { diagnosis as diagnosisShape } from '../api/diagnosis-shape.js';
import { ApiProblem } from '../api/problem.js';
import { anything, type Site } from '../api/shapes.js';
import { CLI_VERSION } from '../version.js';
import { redacted } from './redact.js';

/** Of each list; whoever wants more asks the server. */
const MOST = 500;

/** A file of the bundle. */
export interface BundleFile {
  name: string;
  content: string;
}

interface Missing {
  file: string;
  code: string;
}

/**
 * All that the caller may see of a site and that helps to find out what is wrong, redacted. What he may not see, or what
 * the server cannot tell now, is named in `manifest.json` and left out.
 */
export const bundleOf = async (api: ApiClient, site: Site, note: (file: string) => void): Promise<BundleFile[]> => {
  const files: BundleFile[] = [];
  const missing: Missing[] = [];
  const add = async <T>(file: string, read: () => Promise<T>): Promise<T | undefined> => {
    note(file);
    try {
      const value = await read();
      files.push(fileOf(file, value));
      return value;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      missing.push({ file, code: error.code });
      return undefined;
    }
  };
  const list = (path: string, query?: Query) => api.all(anything, path, query, MOST);
  await add('diagnosis.json', () => api.get(diagnosisShape, `/sites/${site.id}/diagnosis`, { limit: 100 }));
  await add('site.json', () => api.get(anything, `/sites/${site.id}`));
  const roles = await add('roles.json', () => list('/federation-roles', { siteId: site.id }));
  await add('sessions.json', () => list(`/sites/${site.id}/tunnel/history`));
  const agents = await add('agents.json', () => list('/agents', { siteId: site.id }));
  await add('streams.json', () => list('/streams', { siteId: site.id }));
  const subjects = [site.id, ...idsOf(roles, 'id'), ...idsOf(agents, 'agentId')];
  await add('audit.json', () => auditOf(list, subjects));
  return [fileOf('manifest.json', manifestOf(api, site, missing)), ...files];
};

const auditOf = async (
  list: (path: string, query: Query) => Promise<object[]>,
  subjects: string[],
): Promise<object[]> => {
  const rows: object[] = [];
  for (const subject of subjects) rows.push(...(await list('/audit-events', { subject })));
  return rows;
};

const idsOf = (items: readonly Record<string, unknown>[] | undefined, member: string): string[] =>
  (items ?? []).flatMap((item) => (typeof item[member] === 'string' ? [item[member]] : []));

const manifestOf = (api: ApiClient, site: Site, missing: readonly Missing[]): object => ({
  madeAt: new Date().toISOString(),
  adit: CLI_VERSION,
  server: api.url,
  site: { id: site.id, label: site.label },
  most: MOST,
  missing,
});

const fileOf = (name: string, value: unknown): BundleFile => ({
  name,
  content: `${JSON.stringify(redacted(value), null, 2)}\n`,
});
