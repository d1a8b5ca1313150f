import { readFile } from 'node:fs/promises';
import type { AgentEnvironment } from '../config.js';
import { SiteCameras, SiteDevices } from '../connectors/index.js';
import type { StateDirectory } from '../state/state-directory.js';

/** Every secret that this command can know of, so that it can be taken out wherever it turned up. */
export const knownSecrets = async (
  state: StateDirectory,
  environment: AgentEnvironment,
  proxyFlag: string | undefined,
): Promise<Set<string>> => {
  const { ADIT_KEYFILE: keyfile, ADIT_KEYFILE_PASSPHRASE: passphrase } = environment;
  const proxies = [proxyFlag, environment.ADIT_PROXY, environment.HTTPS_PROXY, environment.https_proxy];
  const found = [
    keyfile,
    passphrase?.reveal(),
    await firstLine(environment.ADIT_KEYFILE_PASSPHRASE_FILE),
    ...proxies.flatMap(ofUrl),
    ...(await ofCameras(state)),
    ...(await ofDevices(state)),
  ];
  return new Set(found.flatMap((secret) => (secret === undefined || secret === '' ? [] : [secret])));
};

const firstLine = async (path: string | undefined): Promise<string | undefined> => {
  if (path === undefined || path === '-') return undefined;
  return await readFile(path, 'utf8').then(
    (text) => text.split(/\r?\n/)[0],
    () => undefined,
  );
};

const ofUrl = (text: string | undefined): string[] => {
  const url = text === undefined ? null : URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || url.password === '') return [];
  return [url.password, decoded(url.password), decoded(`${url.username}:${url.password}`)];
};

/** In which a percent sign may stand for itself. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const ofCameras = async (state: StateDirectory): Promise<(string | undefined)[]> => {
  const cameras = await new SiteCameras(state.path).read().catch(() => []);
  return cameras.flatMap(({ entry: { streams, recordings, snapshot } }) =>
    [...streams, recordings, snapshot].flatMap((place) => accountOf(place?.username, place?.password)),
  );
};

const ofDevices = async (state: StateDirectory): Promise<(string | undefined)[]> => {
  const devices = await new SiteDevices(state.path).read().catch(() => []);
  return devices.flatMap(({ account }) => accountOf(account?.user, account?.password));
};

const accountOf = (user: string | undefined, password: string | undefined): (string | undefined)[] =>
  password === undefined || password === '' ? [] : [password, `${user ?? ''}:${password}`];
