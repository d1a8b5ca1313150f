import { Terminal } from '@app/terminal';
import { readEnvironment } from './config.js';
import { EXIT } from './errors.js';
import { runCli } from './program/program.js';

// A reader that has seen enough (`adit site list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failure),
);

const terminal = new Terminal(process.stdin, process.stdout, process.stderr);
const exitCode = await runCli(process.argv.slice(2), { terminal, environment: () => readEnvironment() });
await terminal.flush();
// Connections that are kept for the next request must not hold a command back: it has said everything.
process.exit(exitCode);
