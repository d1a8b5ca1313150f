import { Terminal } from '@app/terminal';
import { runCli } from './cli/program.js';
import { readEnvironment } from './config.js';

const terminal = new Terminal(process.stdin, process.stdout, process.stderr);
const exitCode = await runCli(process.argv.slice(2), { terminal, environment: () => readEnvironment() });
await terminal.flush();
// Sockets that are still being closed must not hold a command back: it has said everything.
process.exit(exitCode);
