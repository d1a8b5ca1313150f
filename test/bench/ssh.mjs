import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { startPeer } from './peer.mjs';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));
/** One of these is the fastest of OpenSSH wherever the processor knows AES. */
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
 * @param {{ controlPort: number, dialPort: number }} [line] between the two: where sshd listens, and where ssh dials
 */
export function startSsh(servicePort, cipher, line) {
  const commands = (/** @type {import('./peer.mjs').Place} */ place) => {
    makeKeys(place.dir);
    const dialled = { ...place, controlPort: line?.dialPort ?? place.controlPort };
    return { server: serverCommand(place, cipher), client: clientCommand(dialled, cipher) };
  };
  return startPeer({ name: `ssh -R ${cipher.split('@')[0]}`, controlPort: line?.controlPort, commands }, servicePort);
}

/** @param {string} dir */
function makeKeys(dir) {
  // sshd as root changes into it; elsewhere the package's service makes it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)]);
  }
  writeFileSync(join(dir, 'authorized'), readFileSync(join(dir, 'user.pub')));
  chmodSync(join(dir, 'authorized'), 0o600);
}

/**
 * @param {import('./peer.mjs').Place} place
 * @param {string} cipher
 */
function serverCommand({ dir, controlPort }, cipher) {
  const options = {
    ListenAddress: `127.0.0.1:${controlPort}`,
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
  const set = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return [SSHD ?? 'sshd', '-D', '-e', '-f', '/dev/null', ...set];
}

/**
 * @param {import('./peer.mjs').Place} place
 * @param {string} cipher
 */
function clientCommand({ dir, controlPort, port, servicePort }, cipher) {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ExitOnForwardFailure=yes'];
  return [
    ...['ssh', '-N', '-T', '-q', '-F', '/dev/null', '-c', cipher, '-i', join(dir, 'user'), '-p', String(controlPort)],
    ...options.flatMap((option) => ['-o', option]),
    ...['-R', `127.0.0.1:${port}:127.0.0.1:${servicePort}`, `${userInfo().username}@127.0.0.1`],
  ];
}
