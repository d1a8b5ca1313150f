import type { Command } from 'commander';
import type { CliEnvironment } from '../config.js';
import type { ExitCode } from '../errors.js';
import type { Terminal } from './terminal.js';

/** What every command gets. */
export interface CommandContext {
  terminal: Terminal;
  /** Read when a command runs, so that `--help` works under any environment. */
  environment: () => CliEnvironment;
  /** Aborted by Ctrl-C: whoever has begun something takes it back. */
  signal: AbortSignal;
}

/** Hands the end of an action to the program, which makes the process's exit code of it. */
export type Finish = (ending: Promise<ExitCode>) => Promise<void>;

/** Adds a command, with its subcommands, to the program. */
export type RegisterCommand = (program: Command, context: CommandContext, finish: Finish) => void;
