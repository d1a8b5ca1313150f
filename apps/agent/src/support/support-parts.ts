import { readdir, stat } from 'node:fs/promises';
import { arch, freemem, platform, release, totalmem, uptime } from 'node:os';
import { join } from 'node:path';
import type { AgentEnvironment } from '../config.js';
import { type CameraEntry, SiteCameras, SiteDevices } from '../connectors/index.js';
import { hopName, type ProxySettings } from '../network/proxy.settings.js';
import { readAgentFile } from '../run/agent-file.js';
import { isContainer } from '../state/container.guard.js';
import type { StateDirectory } from '../state/state-directory.js';
import { AGENT_VERSION } from '../version.js';

/** What runs here, and on what. */
export const versionsPart = (environment: AgentEnvironment): object => ({
  at: new Date().toISOString(),
  agent: AGENT_VERSION,
  node: process.version,
  openssl: process.versions.openssl,
  platform: `${platform()} ${release()} ${arch()}`,
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  container: isContainer(environment.ADIT_CONTAINER),
  uptimeSeconds: Math.round(uptime()),
  memoryBytes: { total: totalmem(), free: freemem() },
});

/** Settings by name: only those that can hold no secret come with their value. */
export const configPart = async (
  environment: AgentEnvironment,
  agentFile: string,
  { hop }: ProxySettings,
): Promise<object> => {
  const { ADIT_KEYFILE, ADIT_KEYFILE_PASSPHRASE, ADIT_PROXY, HTTPS_PROXY, https_proxy, ...plain } = environment;
  const given = (value: unknown): string => (value === undefined ? 'not set' : 'set');
  return {
    environment: {
      ...plain,
      ADIT_UPLINK_LIMIT: environment.ADIT_UPLINK_LIMIT?.toString(),
      ADIT_KEYFILE: given(ADIT_KEYFILE),
      ADIT_KEYFILE_PASSPHRASE: given(ADIT_KEYFILE_PASSPHRASE),
      ADIT_PROXY: given(ADIT_PROXY),
      HTTPS_PROXY: given(HTTPS_PROXY ?? https_proxy),
    },
    proxy: hop === undefined ? null : { address: hopName(hop), tls: hop.tls, account: given(hop.authorization) },
    // Why a file cannot be used might repeat what stands in it.
    agentFile: await readAgentFile(agentFile, false).catch(() => 'cannot be used: `adit-agent run` names the member'),
  };
};

/** Protocol, host, port and path. */
const plainUrl = (text: string | undefined): string | undefined => {
  const url = text === undefined ? null : URL.parse(text);
  return url === null ? undefined : `${url.protocol}//${url.host}${url.pathname}`;
};

type Place = Pick<NonNullable<CameraEntry['recordings']>, 'url' | 'onvif'>;
const placePart = (place: Place | undefined): object | undefined =>
  place === undefined ? undefined : { url: plainUrl(place.url), onvif: plainUrl(place.onvif) };

/** The camera list; accounts as words. */
export const camerasPart = async (state: StateDirectory): Promise<unknown> => {
  try {
    return (await new SiteCameras(state.path).read()).map(({ entry, fault, isInList, hasAccount }) => ({
      id: entry.id,
      name: entry.name,
      area: entry.area,
      account: accountWord(isInList, hasAccount, fault?.code),
      streams: entry.streams.map(({ url, usages, transport }) => ({ url: plainUrl(url), usages, transport })),
      recordings: placePart(entry.recordings),
      snapshot: placePart(entry.snapshot),
    }));
  } catch (error) {
    return { code: (error as { code?: string }).code ?? 'unreadable' };
  }
};

/** The list of ONVIF devices; accounts as words. */
export const devicesPart = async (state: StateDirectory): Promise<unknown> => {
  try {
    return (await new SiteDevices(state.path).read()).map(({ entry, service, account, fault, isInList }) => ({
      id: entry.id,
      name: entry.name,
      area: entry.area,
      events: entry.events,
      account: accountWord(isInList, account !== undefined, fault?.code),
      service: plainUrl(service),
    }));
  } catch (error) {
    return { code: (error as { code?: string }).code ?? 'unreadable' };
  }
};

const accountWord = (isInList: boolean, isThere: boolean, fault: string | undefined): string => {
  if (isInList) return 'in-list';
  return fault ?? (isThere ? 'stored' : 'none');
};

/** Names, sizes, modes and times of the state directory's files; nothing of what is in them. */
export const filesPart = async (state: StateDirectory): Promise<object[]> => {
  const names = await readdir(state.path).catch(() => []);
  const files = names
    .toSorted((a, b) => a.localeCompare(b))
    .map(async (name) => {
      const { size, mode, mtime } = await stat(join(state.path, name));
      return { name, size, mode: `0${(mode & 0o7777).toString(8)}`, changedAt: mtime.toISOString() };
    });
  return (await Promise.allSettled(files)).flatMap((file) => (file.status === 'fulfilled' ? [file.value] : []));
};
