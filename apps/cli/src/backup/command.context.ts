import type { Terminal } from '@app/terminal';
import type { CliEnvironment } from '../config.js';

/** What the commands about backups get. */
export interface CommandContext {
  terminal: Terminal;
  environment: () => CliEnvironment;
  /** Aborted by Ctrl-C: whoever has begun something takes it back. */
  signal: AbortSignal;
}
