import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { askForRenewal, withdrawRenewalRequest } from '../renewal/renewal.request.js';
import { StateDirectory } from '../state/state-directory.js';
import type { CertificateStatus } from '../status/status.js';
import { readStatus } from '../status/status.file.js';
import { pause } from '../tunnel/pause.js';
import type { CommandContext } from './command.context.js';
import type { Flags } from './settings.js';

const LOOK_MS = 250;

export interface RenewFlags extends Flags {
  /** Seconds. */
  timeout: number;
  json?: boolean;
}

/** Has the running agent renew its certificate at once, and tells what came of it. */
export const renew = async (flags: RenewFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const state = await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR);
  const seen = await readStatus(state, Date.now());
  if (seen?.alive !== true) {
    throw new AgentError('agent-not-running', 'No agent runs with this state directory', 'Start it: adit-agent run');
  }
  const certificate = await answered(state, await askForRenewal(state), AbortSignal.timeout(flags.timeout * 1_000));
  if (certificate === undefined) {
    await withdrawRenewalRequest(state);
    throw new AgentError('control-failed', 'The agent did not renew its certificate in time; it goes on trying');
  }
  const { lastRenewal, serial, notAfter } = certificate;
  if (flags.json === true) terminal.json(certificate);
  else if (lastRenewal?.code === 'renewed') terminal.print(`Renewed: certificate ${serial}, valid until ${notAfter}.`);
  else terminal.note(`${lastRenewal?.code ?? 'control-failed'}: ${lastRenewal?.message ?? 'no outcome'}`);
  return lastRenewal?.code === 'renewed' ? EXIT.ok : EXIT.negative;
};

const answered = async (
  state: StateDirectory,
  id: string,
  signal: AbortSignal,
): Promise<CertificateStatus | undefined> => {
  while (!signal.aborted) {
    const certificate = (await readStatus(state, Date.now()))?.status.certificate;
    if (certificate?.servedRequest === id) return certificate;
    await pause(LOOK_MS, signal);
  }
  return undefined;
};
