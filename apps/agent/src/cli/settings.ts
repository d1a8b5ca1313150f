import { IDENTITY_FILE } from '../identity/identity.store.js';
import type { AgentEnvironment } from '../config.js';
import type { KeyfileOrigin } from '../keyfile/keyfile.source.js';
import { ProxySettings } from '../network/proxy.settings.js';
import { StateDirectory, type StateOptions } from '../state/state-directory.js';

/** Flags of the command line, as commander names them. Each wins over its key in the environment. */
export interface Flags {
  state?: string;
  ephemeral?: boolean;
  keyfile?: string;
  strict?: boolean;
  yes?: boolean;
  expectFingerprint?: string;
  proxy?: string;
  config?: string;
  directoryListen?: string;
  redirectorListen?: string;
  uplinkLimit?: string;
}

export const stateOptions = (flags: Flags, environment: AgentEnvironment): StateOptions => {
  const declared = environment.ADIT_CONTAINER;
  return {
    path: flags.state ?? environment.ADIT_STATE_DIR,
    ephemeral: flags.ephemeral ?? environment.ADIT_EPHEMERAL,
    ...(declared === undefined ? {} : { declared }),
  };
};

/**
 * For what is added to a site. Where an identity is, whoever enrolled has accepted the directory as it is; else it is made.
 * @throws AgentError `state-not-a-volume`, `state-unwritable`
 */
export const stateToAddTo = async (flags: Flags, environment: AgentEnvironment): Promise<StateDirectory> => {
  const options = stateOptions(flags, environment);
  const existing = await StateDirectory.open(options.path).catch(() => undefined);
  if (existing !== undefined && (await existing.read(IDENTITY_FILE)) !== undefined) return existing;
  return await StateDirectory.create(options);
};

export const keyfileOrigin = (flags: Flags, environment: AgentEnvironment): KeyfileOrigin => {
  if (flags.keyfile !== undefined) return { path: flags.keyfile };
  const { ADIT_KEYFILE: text, ADIT_KEYFILE_FILE: path } = environment;
  return text === undefined ? { path } : { text };
};

/** @throws ConfigurationError */
export const proxySettings = (flags: Flags, environment: AgentEnvironment): ProxySettings =>
  new ProxySettings({
    explicit: flags.proxy ?? environment.ADIT_PROXY,
    httpsProxy: environment.HTTPS_PROXY ?? environment.https_proxy,
    noProxy: environment.NO_PROXY ?? environment.no_proxy,
  });
