import { createEnrolment } from '../enrolment/enrolment.factory.js';
import { requireOwnKeyfile } from '../enrolment/enrolment.service.js';
import { EXIT, type ExitCode } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { requireConsent } from '../keyfile/consent.js';
import { describeKeyfile } from '../keyfile/keyfile.description.js';
import { openKeyfile } from '../keyfile/keyfile.service.js';
import { EndpointDialer } from '../network/endpoint.dialer.js';
import { StateDirectory } from '../state/state-directory.js';
import { StateLock } from '../state/state-lock.js';
import type { CommandContext } from './command.context.js';
import { missingKeyfile } from './inspect.command.js';
import { type Flags, keyfileOrigin, proxySettings, stateOptions } from './settings.js';

export interface EnrolFlags extends Flags {
  /** Seconds. */
  timeout: number;
}

/** Redeems a keyfile once somebody has agreed to what is in it. */
export const enrol = async (flags: EnrolFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const environment = context.environment();
  const dialer = new EndpointDialer(proxySettings(flags, environment));
  const opened = await openKeyfile(keyfileOrigin(flags, environment), terminal.input, {
    strict: flags.strict ?? environment.ADIT_STRICT,
    now: new Date(),
    warn: (message) => terminal.note(`warning: ${message}`),
  });
  if (opened === undefined) throw missingKeyfile();
  terminal.table(describeKeyfile(opened));
  const existing = await existingIdentity(flags.state ?? environment.ADIT_STATE_DIR);
  if (existing !== undefined && requireOwnKeyfile(existing, opened.keyfile) === 'own') {
    terminal.print(`This site is enrolled already, since ${existing.enrolledAt}.`);
    return EXIT.ok;
  }
  await requireConsent(opened, {
    yes: flags.yes ?? false,
    expectFingerprint: flags.expectFingerprint ?? environment.ADIT_EXPECT_FINGERPRINT,
    ask: terminal.ask,
  });
  const state = await StateDirectory.create(stateOptions(flags, environment));
  const lock = await StateLock.acquire(state);
  try {
    const enrolment = createEnrolment(state, dialer, (error, retryInMs) =>
      terminal.note(`${error.code}: ${error.message}; next attempt in ${(retryInMs / 1000).toFixed(1)} s`),
    );
    const identity = await enrolment.enrol(opened.keyfile, AbortSignal.timeout(flags.timeout * 1000));
    terminal.print(`Enrolled as "${identity.siteName}". Start it with: adit-agent run --state ${state.path}`);
    return EXIT.ok;
  } finally {
    await lock.release();
  }
};

/** Looks without making anything. */
const existingIdentity = async (path: string) => {
  const state = await StateDirectory.open(path).catch(() => undefined);
  return state === undefined ? undefined : await new IdentityStore(state).load();
};
