import type { Terminal } from '@app/terminal';
import type { AgentEnvironment } from '../config.js';

/** What every command gets. */
export interface CommandContext {
  terminal: Terminal;
  /** Read when a command runs, so that `--help` works under any environment. @throws ConfigurationError */
  environment: () => AgentEnvironment;
}
