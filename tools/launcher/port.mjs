import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Whether nothing listens on the address yet.
 * @param {number} port
 * @param {string} [host]
 * @returns {Promise<boolean>}
 */
export function isPortFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Below it no system hands out ports by itself, and few programs have one of their own above the lower bound. */
const FIRST_PORT = 20_000;
const TRIES = 50;

/**
 * A port of the loopback interface that was free a moment ago. Not one that the kernel gives to outgoing connections: it
 * could be taken before the caller listens.
 * @returns {Promise<number>}
 */
export async function freePort() {
  const count = firstEphemeralPort() - FIRST_PORT;
  for (let tried = 0; count > 0 && tried < TRIES; tried++) {
    const port = FIRST_PORT + randomInt(count);
    if (await isPortFree(port)) return port;
  }
  return anyPort();
}

/**
 * Ports that are free and different: nothing holds one between two calls of `freePort`, which may give the same twice.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  /** @type {Set<number>} */
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** @returns {number} where the kernel's range for outgoing connections begins */
function firstEphemeralPort() {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    return 0;
  }
}

/** @returns {Promise<number>} */
function anyPort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
