import type { Terminal } from '@app/terminal';
import type { ApiClient } from '../api/client.js';
import type { CliEnvironment } from '../config.js';
import type { ContextFile } from '../context/context-file.js';
import type { ExitCode } from '../errors.js';
import type { Output } from '../output/output.js';

/** What a word of the command line may be completed with. */
export type Candidates = 'site' | 'camera' | 'context' | 'operator' | 'file' | 'none' | readonly string[];

export interface ArgumentSpec {
  /** `<site>`, or `[site]` where it may be left out. */
  name: string;
  summary: string;
  complete?: Candidates;
}

export interface OptionSpec {
  /** As commander takes them: `--label <label>`. */
  flags: string;
  summary: string;
  /** @throws CliError `wrong-usage` */
  parse?: (text: string) => unknown;
  default?: string | boolean;
  /** May be given several times; its value is an array then. */
  repeat?: boolean;
  complete?: Candidates;
}

/** Flags that every command has. */
export interface CommonFlags {
  json?: boolean;
  quiet?: boolean;
  context?: string;
  /** Seconds of one request. */
  timeout?: number;
}

/** One call of a command. */
export interface Call<Flags = object> {
  args: readonly string[];
  flags: Flags & CommonFlags;
  terminal: Terminal;
  out: Output;
  environment: CliEnvironment;
  contexts: ContextFile;
  /** Ends with Ctrl-C, where the command listens to it. */
  signal: AbortSignal;
  /** The server as the signed-in caller. @throws CliError `not-signed-in` … */
  api: () => Promise<ApiClient>;
  /** The server as nobody yet: for signing in. */
  apiAt: (url: string, token?: string) => ApiClient;
}

export interface CommandSpec {
  /** `site create`. */
  path: string;
  summary: string;
  args?: readonly ArgumentSpec[];
  options?: readonly OptionSpec[];
  /** Lines that can be typed as they are, each with a few words about it. */
  examples: readonly string[];
  /** Ctrl-C is for the command to deal with; else it ends the process at once. */
  handlesInterrupt?: boolean;
  /** Not listed. */
  hidden?: boolean;
  /** @returns nothing for `ok` */
  run: (call: Call) => Promise<ExitCode | void>;
}

/** A command with the type of its own flags. */
export const command = <Flags = object>(
  spec: Omit<CommandSpec, 'run'> & { run: (call: Call<Flags>) => Promise<ExitCode | void> },
): CommandSpec => ({
  ...spec,
  // The flags are what commander makes of `options`, which stand beside the type.
  run: (call) => spec.run(call as Call<Flags>),
});
