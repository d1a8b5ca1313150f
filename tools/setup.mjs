#!/usr/bin/env node
/**
 * Brings a clone to the state that the next command needs: packages installed, sources built; with `--test` also the
 * real peers that the tests play against. Runs before node_modules exists, hence Node's own modules only.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './setup/lock.mjs';
import { installPeers } from './setup/peers.mjs';
import { removeStaleOutput } from './setup/output.mjs';
import { installStamp, sourceStamp } from './setup/stamp.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMPS = join(ROOT, 'node_modules', '.stamps');
const INSTALL_MS = 10 * 60_000;
const BUILD_MS = 3 * 60_000;

/** @param {string} line */
function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}

/** @param {string} name */
function readStamp(name) {
  const file = join(STAMPS, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * @param {string} name
 * @param {string} value
 */
function writeStamp(name, value) {
  writeFileSync(join(STAMPS, name), value);
}

/**
 * @param {string} what for the message
 * @param {string} file
 * @param {string[]} args
 * @param {number} timeoutMs
 */
function run(what, file, args, timeoutMs) {
  const path = `${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`;
  const { status, error, stdout, stderr } = spawnSync(file, args, {
    cwd: ROOT,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 32 * 1024 * 1024,
  });
  if (status === 0) return;
  const output = `${stdout ?? ''}${stderr ?? ''}`.trim().slice(-6_000);
  const reason = error ? error.message : `status ${status}`;
  throw new Error(`${what} failed (${reason}). What was run: ${file} ${args.join(' ')}\n${output}`);
}

function install() {
  const wanted = installStamp(ROOT);
  if (readStamp('install') === wanted) return;
  say('installing packages (half a minute, more with an empty npm cache) …');
  const startedAt = Date.now();
  // `npm ci` stops where the lock lacks the optional binaries of other platforms. `npm_execpath` is the npm that called us.
  const args = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--ignore-scripts',
    '--loglevel=error',
  ];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('npm-cli.js')) run('the installation', process.execPath, [npm, ...args], INSTALL_MS);
  else run('the installation', 'npm', args, INSTALL_MS);
  writeStamp('install', wanted);
  say(`packages installed in ${seconds(startedAt)}`);
}

function build() {
  const wanted = sourceStamp(ROOT);
  if (readStamp('build') === wanted && existsSync(join(ROOT, 'dist'))) return;
  say('building …');
  const startedAt = Date.now();
  run('the build', join(ROOT, 'node_modules', '.bin', 'nest'), ['build', '--all'], BUILD_MS);
  removeStaleOutput(ROOT);
  writeStamp('build', wanted);
  say(`built in ${seconds(startedAt)}`);
}

/** @param {number} since */
function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Node ${process.versions.node} is too old: 20.19 or newer is needed`);
}

try {
  checkNode();
  if (process.platform !== 'linux') {
    say(`${process.platform} is served by containers: docker compose up`);
    process.exit(78);
  }
  mkdirSync(STAMPS, { recursive: true });
  await withLock(join(STAMPS, 'lock'), say, () => {
    install();
    build();
    if (process.argv.includes('--test')) installPeers(say);
  });
} catch (error) {
  process.stderr.write(`setup: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
