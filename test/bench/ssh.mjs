import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { listens } from './peer.mjs';
import { freePort } from '../../tools/launcher/port.mjs';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));
export const CIPHERS = ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'];

/** Whether OpenSSH's server is installed (Debian: openssh-server). */
export const hasSsh = SSHD !== undefined;

/** @returns {string} */
export function sshVersion() {
  return execFileSync('sh', ['-c', 'ssh -V 2>&1'], { encoding: 'utf8' }).trim();
}

/**
 * `ssh -R` with keys of its own over loopback: sshd in the broker's place, ssh in the agent's.
 * @param {number} servicePort
 * @param {string} cipher
 * @returns {Promise<import('./peer.mjs').RunningPeer>}
 */
export async function startSsh(servicePort, cipher) {
  const dir = mkdtempSync(join(tmpdir(), 'adit-ssh-'));
  // sshd as root changes into it; made by the package's service elsewhere.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)]);
  }
  const [sshPort, port] = [await freePort(), await freePort()];
  writeFileSync(join(dir, 'authorized'), readFileSync(join(dir, 'user.pub')));
  chmodSync(join(dir, 'authorized'), 0o600);
  const server = spawn(SSHD ?? '', ['-D', '-e', '-f', '/dev/null', ...serverOptions(dir, sshPort, cipher)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  /** @type {string[]} */
  const said = [];
  server.stderr.setEncoding('utf8').on('data', (text) => said.push(text));
  const stopServer = () => end(server);
  try {
    await listens(sshPort);
    const client = spawn('ssh', clientArguments(dir, sshPort, cipher, `${port}:127.0.0.1:${servicePort}`), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    client.stderr.setEncoding('utf8').on('data', (text) => said.push(text));
    const stop = async () => {
      await end(client);
      await stopServer();
      rmSync(dir, { recursive: true, force: true });
    };
    await listens(port).catch(async (error) => {
      await stop();
      throw error;
    });
    return {
      name: `ssh -R ${cipher.split('@')[0]}`,
      port,
      serverPid: server.pid ?? 0,
      clientPid: client.pid ?? 0,
      stop,
    };
  } catch (error) {
    await stopServer();
    rmSync(dir, { recursive: true, force: true });
    throw new Error(`ssh -R does not come up: ${said.join('').slice(-600)}`, { cause: error });
  }
}

/**
 * @param {string} dir
 * @param {number} port
 * @param {string} cipher
 */
function serverOptions(dir, port, cipher) {
  const options = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: join(dir, 'host'),
    AuthorizedKeysFile: join(dir, 'authorized'),
    StrictModes: 'no',
    PidFile: 'none',
    PasswordAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
    UsePAM: 'no',
    Ciphers: cipher,
    AllowTcpForwarding: 'yes',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/**
 * @param {string} dir
 * @param {number} port
 * @param {string} cipher
 * @param {string} forward
 */
function clientArguments(dir, port, cipher, forward) {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ExitOnForwardFailure=yes'];
  return [
    ...['-N', '-T', '-q', '-F', '/dev/null', '-c', cipher, '-i', join(dir, 'user'), '-p', String(port)],
    ...options.flatMap((option) => ['-o', option]),
    ...['-R', forward, `${userInfo().username}@127.0.0.1`],
  ];
}

/** @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
