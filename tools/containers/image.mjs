import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../launcher/command.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const BASE = 'localhost/adit-node-base:24';
const BUILD_MS = 20 * 60_000;
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Every target of the Dockerfile that is an image of its own. */
export const TARGETS = [
  'provision',
  'admin-api',
  'keyfile-issuer',
  'tunnel-broker',
  'federation',
  'video-redirector',
  'agent',
  'demo-camera',
];

/** @param {string} target */
export const imageOf = (target) => `localhost/adit-${target}`;

/**
 * A stand-in for the official Node image, made of Debian's packages and the Node of this clone: no engine, no pull.
 * @param {(line: string) => void} say
 */
export async function ensureBaseImage(say) {
  const found = await runCommand('buildah', ['images', '--noheading', '--filter', `reference=${BASE}`, '-q']);
  if (found.trim()) return;
  say('making the base image');
  const dir = mkdtempSync(join(tmpdir(), 'adit-base-'));
  const rootfs = join(dir, 'rootfs');
  try {
    const packages = '--include=ca-certificates';
    await runCommand('debootstrap', ['--variant=minbase', packages, 'bookworm', rootfs], { timeoutMs: BUILD_MS });
    addNode(rootfs);
    const environment = ['--env', PATH, ...certificates(rootfs)];
    const container = (await runCommand('buildah', ['from', 'scratch'])).trim();
    await runCommand('buildah', ['add', '-q', container, rootfs, '/'], { timeoutMs: BUILD_MS });
    await runCommand('buildah', ['config', ...environment, container]);
    await runCommand('buildah', ['commit', '-q', '--rm', container, BASE], { timeoutMs: BUILD_MS });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @param {string} rootfs */
function addNode(rootfs) {
  const local = join(rootfs, 'usr', 'local');
  const own = join(ROOT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  cpSync(existsSync(own) ? own : process.execPath, join(local, 'bin', 'node'), { dereference: true });
  const npm = dirname(dirname(process.env.npm_execpath ?? '/usr/lib/node_modules/npm/bin/npm-cli.js'));
  mkdirSync(join(local, 'lib', 'node_modules'), { recursive: true });
  cpSync(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
}

/**
 * Behind a TLS proxy npm needs the machine's own certificates, or it retries for minutes.
 * @param {string} rootfs
 * @returns {string[]}
 */
function certificates(rootfs) {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (!file) return [];
  const inside = '/usr/local/share/machine-certificates.pem';
  cpSync(file, join(rootfs, inside), { dereference: true });
  return ['--env', `NODE_EXTRA_CA_CERTS=${inside}`];
}

/**
 * @param {string} target
 */
export async function buildImage(target) {
  const options = ['--format', 'docker', '--pull-never', '--isolation', 'chroot', '--network', 'host', '--layers'];
  await runCommand(
    'buildah',
    ['bud', ...options, '--build-arg', `NODE_IMAGE=${BASE}`, '--target', target, '-t', imageOf(target), ROOT],
    { timeoutMs: BUILD_MS },
  );
}

/**
 * What an engine would run.
 * @param {string} target
 * @returns {Promise<{ command: string[], entrypoint: string[], user: string, health: string[] }>}
 */
export async function readImage(target) {
  /** @type {{ Docker: { config: { Cmd?: string[], Entrypoint?: string[], User?: string, Healthcheck?: { Test: string[] } } } }} */
  const { Docker } = JSON.parse(await runCommand('buildah', ['inspect', '--type', 'image', imageOf(target)]));
  const { Cmd = [], Entrypoint = [], User = '', Healthcheck } = Docker.config;
  return {
    command: Cmd ?? [],
    entrypoint: Entrypoint ?? [],
    user: User,
    health: (Healthcheck?.Test ?? []).slice(1),
  };
}

/**
 * @param {string} file
 * @returns {string}
 */
export const textOf = (file) => readFileSync(file, 'utf8').trim();
