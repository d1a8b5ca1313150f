import { diagnose } from '../diagnosis/diagnosis.js';
import type { ToldOutage } from '../diagnosis/told-outage.js';
import { EXIT, type ExitCode } from '../errors.js';
import { StateDirectory } from '../state/state-directory.js';
import { type CheckFlags, checkAll, printFindings } from './check.command.js';
import type { CommandContext } from './command.context.js';

export interface DiagFlags extends CheckFlags {
  last: number;
}

/** Looks at everything that can keep a site from working, now and lately; changes nothing. */
export const diag = async (flags: DiagFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const state = await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR);
  const diagnosis = await diagnose(state, await checkAll(state, flags, context));
  const outages = diagnosis.outages.slice(0, flags.last);
  if (flags.json === true) terminal.json({ ...diagnosis, outages });
  else {
    printFindings(diagnosis.findings, terminal);
    terminal.print(outages.length === 0 ? 'No outage is on record.' : 'Times without a tunnel, newest first:');
    for (const outage of outages) for (const line of linesOf(outage)) terminal.print(line);
  }
  return diagnosis.ok ? EXIT.ok : EXIT.negative;
};

const linesOf = (outage: ToldOutage): string[] => {
  const { from, to, durationMs, cause, reason, advice, faults, restarts, clockJumpMs } = outage;
  const lines = [
    `${from}  ${to === null ? 'still lasts' : 'lasted'}${to === null ? ', ' : ' '}${span(durationMs)}`,
    `  ${cause}: ${reason}`,
    ...faults.map(({ code, endpoint, count, detail }) => `  ${count} x ${code} ${endpoint}: ${detail}`),
  ];
  if (restarts > 0) lines.push(`  the agent was started again ${restarts} x`);
  if (clockJumpMs !== 0) {
    lines.push(`  the clock was set ${clockJumpMs < 0 ? 'back' : 'on'} by ${span(Math.abs(clockJumpMs))}`);
  }
  return [...lines, `  ${advice}`];
};

const span = (ms: number): string => {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
};
