import { Command, CommanderError } from 'commander';
import { registerBackup } from '../backup/backup.command.js';
import { registerRestore } from '../backup/restore.command.js';
import { EXIT, type ExitCode } from '../errors.js';
import { CLI_VERSION } from '../version.js';
import type { CommandContext, Finish, RegisterCommand } from './command.js';
import { describeFailure } from './failure.js';

/** In the order of `adit --help`. */
const COMMANDS: readonly RegisterCommand[] = [registerBackup, registerRestore];

const EXIT_CODES = `
Exit codes: 0 done, 64 wrong usage, 65 damaged or foreign data, 66 no such file, 69 database not reachable, 70 unexpected,
73 cannot be created, 77 not confirmed or wrong key, 78 configuration, 130 interrupted. docs/backup.md explains each.`;

/** Runs one command line. @param argv without node and script */
export const runCli = async (argv: readonly string[], context: CommandContext): Promise<ExitCode> => {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(context, async (ending) => {
    exitCode = await ending;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = describeFailure(error, context.signal);
    context.terminal.note(failure.text);
    return failure.exitCode;
  }
};

const createProgram = (context: CommandContext, finish: Finish): Command => {
  const program = new Command('adit')
    .description('Operates a federation cloud')
    .version(CLI_VERSION)
    .exitOverride()
    .showHelpAfterError('(adit --help lists the commands)')
    .configureOutput({
      writeOut: (text) => context.terminal.print(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    })
    .addHelpText('after', EXIT_CODES);
  for (const register of COMMANDS) register(program, context, finish);
  return program;
};
