import type { Terminal } from '@app/terminal';
import { join } from 'node:path';
import { Argument, Command, CommanderError, Option } from 'commander';
import { ApiClient } from '../api/client.js';
import type { CliEnvironment } from '../config.js';
import { connection } from '../context/connection.js';
import { ContextFile } from '../context/context-file.js';
import { CliError, EXIT, type ExitCode } from '../errors.js';
import { Output } from '../output/output.js';
import { CLI_VERSION } from '../version.js';
import type { Call, CommandSpec, CommonFlags, OptionSpec } from './command.js';
import { COMMON_OPTIONS } from './common-options.js';
import { describeFailure } from './failure.js';
import { COMMANDS, GROUPS } from './registry.js';

export interface ProgramContext {
  terminal: Terminal;
  /** Read when a command runs, so that `--help` works under any environment. @throws CliError */
  environment: () => CliEnvironment;
}

const DEFAULT_TIMEOUT_SECONDS = 30;

const ENDINGS = ['SIGINT', 'SIGTERM'] as const;

const EXIT_CODES = `
Exit codes: 0 done, 1 refused or found wanting, 64 wrong usage, 65 damaged data, 66 no such file, 69 not reachable,
70 unexpected, 73 file not written, 77 not signed in or not confirmed, 78 configuration, 130 interrupted. docs/cli.md explains them.
Environment: ADIT_URL and ADIT_TOKEN (programs), ADIT_CONTEXT, NO_COLOR, NODE_EXTRA_CA_CERTS (a private CA).`;

/** Runs one command line. @param argv without node and script @returns the exit code, see docs/cli.md */
export const runCli = async (argv: readonly string[], context: ProgramContext): Promise<ExitCode> => {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(context, async (spec, args, flags) => {
    exitCode = await runCommand(spec, args, flags, context);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, context.terminal, argv.includes('--json'));
  }
};

type Run = (spec: CommandSpec, args: readonly string[], flags: CommonFlags) => Promise<void>;

export const createProgram = ({ terminal }: Pick<ProgramContext, 'terminal'>, run: Run): Command => {
  const program = new Command('adit')
    .description('Runs the sites, keyfiles, tunnels and people of an Adit cloud, through its REST API')
    .version(CLI_VERSION)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(add --help to see how it is used)')
    .showSuggestionAfterError()
    .configureHelp({ helpWidth: terminal.width ?? 120 })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText('after', `\nBegin with: adit login\n${EXIT_CODES}`);
  for (const spec of COMMANDS) addCommand(program, spec, run);
  program.helpCommand('help [command]', 'how a command is used');
  return program;
};

const addCommand = (program: Command, spec: CommandSpec, run: Run): void => {
  const words = spec.path.split(' ');
  const name = words.pop() ?? '';
  const parent = words.reduce(groupOf, program);
  const command = parent.command(name, { hidden: spec.hidden === true }).description(spec.summary);
  for (const { name: argument, summary, complete } of spec.args ?? []) {
    const added = new Argument(argument, summary);
    command.addArgument(typeof complete === 'object' ? added.choices(complete) : added);
  }
  for (const option of [...(spec.options ?? []), ...COMMON_OPTIONS]) command.addOption(toOption(option));
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}`);
  command.action((...given: unknown[]) => {
    const args = given
      .slice(0, -2)
      .flat()
      .filter((value) => typeof value === 'string');
    return run(spec, args, command.opts<CommonFlags>());
  });
};

/** A group stands where its first command does. */
const groupOf = (above: Command, name: string): Command =>
  above.commands.find((each) => each.name() === name) ?? above.command(name).description(GROUPS[name] ?? '');

const toOption = ({ flags, summary, parse, default: fallback, repeat, complete }: OptionSpec): Option => {
  const option = new Option(flags, summary);
  if (typeof complete === 'object') option.choices(complete);
  if (parse !== undefined) option.argParser(parse);
  if (repeat === true) {
    const choose = typeof complete === 'object' ? complete : undefined;
    option.argParser((text: string, before: unknown) => {
      if (choose !== undefined && !choose.includes(text)) {
        throw new CliError('wrong-usage', `${option.long}: ${text} is none of ${choose.join(', ')}`);
      }
      return [...(Array.isArray(before) ? (before as string[]) : []), text];
    });
  }
  if (fallback !== undefined) option.default(fallback);
  return option;
};

const runCommand = async (
  spec: CommandSpec,
  args: readonly string[],
  flags: CommonFlags,
  { terminal, environment: readEnvironment }: ProgramContext,
): Promise<ExitCode> => {
  const environment = readEnvironment();
  const contexts = new ContextFile(join(environment.XDG_CONFIG_HOME, 'adit'));
  const out = new Output(terminal, flags);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  if (spec.handlesInterrupt === true) for (const signal of ENDINGS) process.once(signal, onInterrupt);
  const apiAt: Call['apiAt'] = (url, token) =>
    new ApiClient({
      url,
      ...(token === undefined ? {} : { token }),
      timeoutMs: (flags.timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1_000,
      signal: interrupt.signal,
      onRetry: (reason, waitMs) => out.note(`${reason}; again in ${(waitMs / 1_000).toFixed(1)} s`),
    });
  const api: Call['api'] = async () => {
    const { url, token } = await connection(flags.context, environment, contexts);
    return apiAt(url, token);
  };
  try {
    const call = { args, flags, terminal, out, environment, contexts, signal: interrupt.signal, api, apiAt };
    return (await spec.run(call)) ?? EXIT.ok;
  } finally {
    for (const signal of ENDINGS) process.off(signal, onInterrupt);
  }
};

const report = (error: unknown, terminal: Terminal, asJson: boolean): ExitCode => {
  const failure = describeFailure(error);
  terminal.note(asJson ? JSON.stringify(failure.json) : failure.text);
  return failure.exitCode;
};
