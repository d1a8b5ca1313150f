import { runCli } from './cli/program.js';
import { Terminal } from './cli/terminal.js';
import { readEnvironment } from './config.js';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
const terminal = new Terminal(process.stdin, process.stdout, process.stderr);
process.exit(await runCli(process.argv.slice(2), { terminal, environment: readEnvironment, signal: interrupt.signal }));
