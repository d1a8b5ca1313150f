import { spawnSync } from 'node:child_process';

/** @type {boolean | undefined} */
let isPossible;

/**
 * Command line of a foreign program that the kernel ends when the launcher dies, even by SIGKILL (prctl(2),
 * PR_SET_PDEATHSIG). Where util-linux is missing, the plain command line.
 * @param {NodeJS.Signals} signal that ends it in order
 * @param {string} program
 * @param {string[]} args
 * @returns {[program: string, args: string[]]}
 */
export function withLifeline(signal, program, args) {
  isPossible ??=
    spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
  if (!isPossible) return [program, args];
  return ['setpriv', ['--pdeathsig', signal.slice('SIG'.length), program, ...args]];
}
