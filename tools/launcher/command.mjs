import { spawn } from 'node:child_process';
import { LauncherError } from './errors.mjs';

const OUTPUT_LIMIT_BYTES = 256 * 1024;

/**
 * @typedef {object} CommandOptions
 * @property {number} [timeoutMs] default 60 s; then SIGKILL
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [uid]
 * @property {number} [gid]
 * @property {string} [input] written to standard input
 */

/**
 * Runs a program to its end and returns what it wrote to standard output.
 * @param {string} file
 * @param {string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<string>}
 * @throws {LauncherError} `command-failed`, with the end of standard error
 */
export function runCommand(file, args, options = {}) {
  const { timeoutMs = 60_000, input, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout = (stdout + text).slice(-OUTPUT_LIMIT_BYTES)));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-OUTPUT_LIMIT_BYTES)));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new LauncherError('command-failed', `${file} could not be started: ${error.message}`));
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      if (status === 0) return resolve(stdout);
      const reason = (stderr.trim() || stdout.trim()).slice(-4000);
      reject(new LauncherError('command-failed', `${file} ended with ${signal ?? `status ${status}`}: ${reason}`));
    });
  });
}
