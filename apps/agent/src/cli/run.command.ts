import 'reflect-metadata';
import { ConfigurationError, createLogger, NestLogger, stopOnSignal } from '@app/runtime';
import { hostPort } from '@app/contracts';
import { PkiError } from '@app/pki';
import { NestFactory } from '@nestjs/core';
import { AgentModule } from '../app.module.js';
import type { AgentEnvironment } from '../config.js';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { otherKeyfile, relationOf } from '../enrolment/keyfile-relation.js';
import { requireConsent } from '../keyfile/consent.js';
import { type OpenedKeyfile, openKeyfile, peekKeyfile } from '../keyfile/keyfile.service.js';
import { AGENT_FILE, type AgentFile, agentFileVersion, readAgentFile } from '../run/agent-file.js';
import { type ListenAddress, parseAddress } from '../run/listen-address.js';
import { RunService } from '../run/run.service.js';
import type { RunSettings } from '../run/run.settings.js';
import { StateDirectory } from '../state/state-directory.js';
import { StateLock } from '../state/state-lock.js';
import { rate } from '../uplink/rate.js';
import type { CommandContext } from './command.context.js';
import { type Flags, keyfileOrigin, passphraseSource, proxySettings, stateOptions } from './settings.js';

/** Runs until a signal comes; the process is then ended from there. */
export const run = async (flags: Flags, context: CommandContext): Promise<ExitCode> => {
  const environment = context.environment();
  const logger = createLogger('agent', environment.ADIT_LOG_LEVEL);
  const proxy = proxySettings(flags, environment);
  const state = await StateDirectory.create(stateOptions(flags, environment));
  const lock = await StateLock.acquire(state);
  try {
    const keyfile = await keyfileFor(state, flags, context, environment, (message) => logger.warn(message));
    const settings: RunSettings = {
      state,
      proxy,
      keyfile,
      ...(await fileSettings(state, flags, environment)),
      eventLimits: eventLimits(environment),
    };
    const application = await NestFactory.createApplicationContext(AgentModule.forRoot(settings, logger), {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    const service = application.get(RunService);
    let isStopping = false;
    const ended = new Promise<void>((resolve) => {
      stopOnSignal(logger, async () => {
        isStopping = true;
        await service.close();
        await application.close();
        await lock.release();
        resolve();
      });
    });
    await service.start().catch(async (error: unknown) => {
      if (isStopping) return;
      await service.close();
      throw error;
    });
    await ended;
    return EXIT.ok;
  } catch (error) {
    await lock.release();
    throw error;
  }
};

/** The keyfile to enrol or to return with; undefined when there is nothing to do with it. Mounting it is the consent. */
const keyfileFor = async (
  state: StateDirectory,
  flags: Flags,
  { terminal }: CommandContext,
  environment: AgentEnvironment,
  warn: (message: string) => void,
): Promise<OpenedKeyfile | undefined> => {
  const origin = keyfileOrigin(flags, environment);
  const identity = await new IdentityStore(state).load();
  if (identity !== undefined) {
    const mark = await peekKeyfile(origin, terminal.input);
    const relation = mark === undefined ? 'own' : relationOf(identity, mark);
    if (relation === 'other') throw otherKeyfile(identity, OTHER_ADVICE);
    if (relation === 'own') return undefined;
  }
  const strict = flags.strict ?? environment.ADIT_STRICT;
  const passphrase = passphraseSource(flags, { terminal, environment }, false);
  const options = { strict, now: new Date(), passphrase, warn };
  const opened = await openKeyfile(origin, terminal.input, options).catch((error: unknown) => {
    if (identity === undefined || !(error instanceof PkiError)) throw error;
    warn(`the keyfile for the return of this site is left alone: ${error.message}`);
  });
  if (opened === undefined && identity !== undefined) return undefined;
  if (opened === undefined) {
    throw new AgentError(
      'identity-missing',
      `${state.path} holds no identity, and no keyfile was given`,
      'Give one with --keyfile or ADIT_KEYFILE_FILE. If this site was connected before, its state was lost: ask for a replacement keyfile',
    );
  }
  const expectFingerprint = flags.expectFingerprint ?? environment.ADIT_EXPECT_FINGERPRINT;
  await requireConsent(opened, { yes: true, expectFingerprint });
  return opened;
};

/** The keyfile this site was made with may stay mounted, used up and expired as it is; another one is a mistake. */
const OTHER_ADVICE = 'Take the keyfile away to go on as that site, or run `adit-agent reset` to use the new one';

const fileSettings = async (
  state: StateDirectory,
  flags: Flags,
  environment: AgentEnvironment,
): Promise<Pick<RunSettings, 'services' | 'uplink' | 'directoryListen' | 'redirectorListen'>> => {
  const named = flags.config ?? environment.ADIT_CONFIG_FILE;
  const path = named ?? state.file(AGENT_FILE);
  const read = (): Promise<AgentFile> => readAgentFile(path, named !== undefined);
  const file = await read();
  const limit = uplinkLimit(flags, environment);
  const policyOf = ({ uplink }: AgentFile): AgentFile['uplink'] =>
    limit === undefined ? uplink : { ...uplink, limit, schedule: [] };
  const source = { version: () => agentFileVersion(path), read: () => read().then(policyOf) };
  return {
    services: file.services,
    uplink: { policy: policyOf(file), source },
    directoryListen: listenAddress(
      flags.directoryListen ?? environment.ADIT_DIRECTORY_LISTEN ?? file.directoryListen,
      '--directory-listen',
    ),
    redirectorListen: listenAddress(
      flags.redirectorListen ?? environment.ADIT_REDIRECTOR_LISTEN ?? file.redirectorListen,
      '--redirector-listen',
    ),
  };
};

const eventLimits = (environment: AgentEnvironment): RunSettings['eventLimits'] => ({
  maxAgeMs: environment.ADIT_SITE_EVENTS_DAYS * 86_400_000,
  maxBytes: environment.ADIT_SITE_EVENTS_MEGABYTES * 1e6,
  maxEvents: environment.ADIT_SITE_EVENTS_COUNT,
});

const listenAddress = (text: string | undefined, flag: string): ListenAddress | undefined => {
  if (text === undefined) return undefined;
  const parsed = hostPort.safeParse(text);
  if (parsed.success) return parseAddress(parsed.data);
  throw new ConfigurationError(`${flag}: expected host:port`);
};

/** One limit at all times: the file's `limit` and `schedule` do not count then. */
const uplinkLimit = (flags: Flags, environment: AgentEnvironment): number | undefined => {
  if (flags.uplinkLimit === undefined) return environment.ADIT_UPLINK_LIMIT;
  const parsed = rate.safeParse(flags.uplinkLimit);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(`--uplink-limit: ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
};
