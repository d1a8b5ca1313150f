import type { Terminal } from '@app/terminal';
import { IDENTITY_FILE } from '../identity/identity.store.js';
import type { AgentEnvironment } from '../config.js';
import type { KeyfileOrigin, LoadOptions } from '../keyfile/keyfile.source.js';
import { PassphraseSource } from '../keyfile/passphrase.source.js';
import { ProxySettings } from '../network/proxy.settings.js';
import { StateDirectory, type StateOptions } from '../state/state-directory.js';

/** Flags of the command line, as commander names them. Each wins over its key in the environment. */
export interface Flags {
  state?: string;
  ephemeral?: boolean;
  keyfile?: string;
  passphraseFile?: string;
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

/** @param mayAsk whether a person may be asked */
export const passphraseSource = (
  flags: Flags,
  { terminal, environment }: { terminal: Terminal; environment: AgentEnvironment },
  mayAsk = true,
): PassphraseSource => {
  const { ADIT_KEYFILE_PASSPHRASE: text, ADIT_KEYFILE_PASSPHRASE_FILE: path } = environment;
  const origin = flags.passphraseFile === undefined && text !== undefined ? { text: text.reveal() } : undefined;
  return new PassphraseSource({
    ...(origin ?? { path: flags.passphraseFile ?? path }),
    input: terminal.input,
    inputHasKeyfile: keyfileOrigin(flags, environment).path === '-',
    access: accessOf(flags, { terminal, environment }),
    ...(mayAsk && terminal.askSecret ? { ask: terminal.askSecret } : {}),
  });
};

/** How much is made of files that others may read. */
export const accessOf = (
  flags: Flags,
  { terminal, environment }: { terminal: Terminal; environment: AgentEnvironment },
): LoadOptions => ({
  strict: flags.strict ?? environment.ADIT_STRICT,
  warn: (message) => terminal.note(`warning: ${message}`),
});

/** @throws ConfigurationError */
export const proxySettings = (flags: Flags, environment: AgentEnvironment): ProxySettings =>
  new ProxySettings({
    explicit: flags.proxy ?? environment.ADIT_PROXY,
    httpsProxy: environment.HTTPS_PROXY ?? environment.https_proxy,
    noProxy: environment.NO_PROXY ?? environment.no_proxy,
  });
