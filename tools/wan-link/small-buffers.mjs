import { execFileSync } from 'node:child_process';

/** Largest receive and send buffer of a socket, bytes: what the kernel may hide of a queue. */
export const SMALL_BUFFER_BYTES = 64 * 1024;

/** Commands that bound the buffers of the network they run in; `min default max`. */
const BOUND = ['tcp_rmem', 'tcp_wmem']
  .map((name) => `echo 4096 16384 ${SMALL_BUFFER_BYTES} > /proc/sys/net/ipv4/${name}`)
  .join(' && ');

/**
 * Put before a command, runs it in a network of its own that has only loopback, with small kernel buffers. The network
 * ends with the last process in it.
 */
export const throughSmallBuffers = Object.freeze([
  'unshare',
  '--net',
  'sh',
  '-c',
  `ip link set lo up && ${BOUND} && exec "$@"`,
  'small-buffers',
]);

/** Whether this process may make such a network: root with CAP_SYS_ADMIN and CAP_NET_ADMIN. */
export function canHaveSmallBuffers() {
  try {
    const [program, ...args] = throughSmallBuffers;
    execFileSync(program, [...args, 'true'], { timeout: 10_000, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
