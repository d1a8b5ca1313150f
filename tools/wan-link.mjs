/** `node tools/wan-link.mjs --help`: a slow, long or failing line for developers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { WanLinkError } from './wan-link/errors.mjs';
import { HELP, parseFlags } from './wan-link/flags.mjs';
import { WanLink } from './wan-link/link.mjs';
import { happen, play } from './wan-link/script.mjs';
import { canHaveSmallBuffers, throughSmallBuffers } from './wan-link/small-buffers.mjs';

/** @param {string} text */
const say = (text) => process.stderr.write(`wan-link: ${text}\n`);

/** @param {string[]} args */
async function main(args) {
  const flags = parseFlags(args);
  if (flags.help) return void process.stdout.write(HELP);
  if (flags.smallBuffers) return inSmallBuffers(args);
  const link = new WanLink(flags.link);
  await link.start();
  const { host, port } = link.address;
  say(`${host}:${port} → ${link.target.host}:${link.target.port}`);
  process.send?.({ type: 'ready', app: 'wan-link', ports: { line: port } });
  const callOff = play(link, flags.script, say);
  const ends = [once(process, 'SIGINT'), once(process, 'SIGTERM')];
  // Ends with the process that holds the other end of the channel, where there is one.
  if (process.connected) ends.push(once(process, 'disconnect'));
  if (flags.command.length > 0) ends.push(run(flags.command));
  obey(link);
  await Promise.race(ends);
  callOff();
  await link.stop();
  process.exit();
}

/** @param {string[]} command */
async function run([program, ...args]) {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const exit = await once(child, 'exit');
  process.exitCode = exit[0] ?? 70;
  return exit;
}

/** @param {WanLink} link */
function obey(link) {
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line.trim() === 'stats') process.stdout.write(`${JSON.stringify(link.stats)}\n`);
    else if (line.trim() !== '') attempt(() => happen(link, line));
  });
  process.on('message', (/** @type {{ event?: string }} */ { event }) => {
    if (event) attempt(() => happen(link, event));
  });
}

/** @param {() => void} action */
function attempt(action) {
  try {
    action();
  } catch (error) {
    if (!(error instanceof WanLinkError)) throw error;
    say(`${error.code}: ${error.message}`);
  }
}

/** @param {string[]} args */
async function inSmallBuffers(args) {
  if (!canHaveSmallBuffers()) throw new WanLinkError('privilege-missing', '--small-buffers needs root (CAP_NET_ADMIN)');
  const [program, ...through] = throughSmallBuffers;
  const rest = args.filter((arg) => arg !== '--small-buffers');
  const child = spawn(program, [...through, process.execPath, import.meta.filename, ...rest], { stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  const [status] = await once(child, 'exit');
  process.exitCode = status ?? 70;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof WanLinkError)) throw error;
  say(`${error.code}: ${error.message}`);
  process.exitCode = error.code === 'start-failed' ? 75 : 78;
}
