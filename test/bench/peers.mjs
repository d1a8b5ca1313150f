import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPeer } from './peer.mjs';

/** @typedef {import('./peer.mjs').Place} Place */

/** Its control port cannot be chosen. */
const BORE_PORT = 7835;

/**
 * Other tunnels, with encryption on where they have any.
 * @type {(import('./peer.mjs').Peer & { programs: string[] })[]}
 */
const PEERS = [
  {
    name: 'chisel',
    programs: ['chisel'],
    commands: ({ controlPort, port, servicePort }) => ({
      server: ['chisel', 'server', '--host', '127.0.0.1', '--port', String(controlPort), '--reverse'],
      client: ['chisel', 'client', `http://127.0.0.1:${controlPort}`, `R:127.0.0.1:${port}:127.0.0.1:${servicePort}`],
    }),
  },
  { name: 'frp, TLS, mux', programs: ['frps', 'frpc'], commands: (place) => frp(place, true) },
  { name: 'frp, TLS, no mux', programs: ['frps', 'frpc'], commands: (place) => frp(place, false) },
  { name: 'rathole, noise', programs: ['rathole'], commands: rathole },
  {
    name: 'bore, no encryption',
    programs: ['bore'],
    controlPort: BORE_PORT,
    commands: ({ port, servicePort }) => ({
      server: ['bore', 'server', '--bind-addr', '127.0.0.1', '--bind-tunnels', '127.0.0.1'],
      client: ['bore', 'local', String(servicePort), '--to', '127.0.0.1', '--port', String(port)],
    }),
  },
];

/**
 * Starts every peer that is on the PATH; one that does not come up is told and left out.
 * @param {number} servicePort
 * @param {(() => Promise<void>)[]} stops
 * @param {(line: string) => void} progress
 * @returns {Promise<import('./peer.mjs').RunningPeer[]>}
 */
export async function presentPeers(servicePort, stops, progress) {
  const running = [];
  for (const peer of PEERS) {
    if (!peer.programs.every(isOnPath)) {
      progress(`${peer.name}: not on the PATH`);
      continue;
    }
    try {
      const started = await startPeer(peer, servicePort);
      stops.push(started.stop);
      running.push(started);
    } catch (error) {
      progress(`SKIPPED: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return running;
}

/** @param {string} program */
export function isOnPath(program) {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Place} place
 * @param {boolean} mux
 */
function frp({ dir, controlPort, port, servicePort }, mux) {
  const [server, client] = [join(dir, 'frps.toml'), join(dir, 'frpc.toml')];
  const log = ['log.level = "error"', `transport.tcpMux = ${mux}`];
  const own = ['bindAddr = "127.0.0.1"', `bindPort = ${controlPort}`, 'proxyBindAddr = "127.0.0.1"'];
  writeFileSync(server, [...own, ...log].join('\n'));
  const theirs = ['serverAddr = "127.0.0.1"', `serverPort = ${controlPort}`, 'transport.tls.enable = true'];
  const proxy = ['[[proxies]]', 'name = "load"', 'type = "tcp"', 'localIP = "127.0.0.1"'];
  const ports = [`localPort = ${servicePort}`, `remotePort = ${port}`];
  writeFileSync(client, [...theirs, ...log, ...proxy, ...ports].join('\n'));
  return { server: ['frps', '-c', server], client: ['frpc', '-c', client] };
}

/** @param {Place} place */
function rathole({ dir, controlPort, port, servicePort }) {
  const [server, client] = [join(dir, 'server.toml'), join(dir, 'client.toml')];
  const token = `token = "${randomBytes(16).toString('hex')}"`;
  const keys = execFileSync('rathole', ['--genkey'], { encoding: 'utf8' });
  const [, secret, open] = /Private Key:\s*(\S+)\s*Public Key:\s*(\S+)/i.exec(keys) ?? [];
  const section = (/** @type {string} */ role, /** @type {Record<string, string>} */ own) => [
    `[${role}]`,
    own.address,
    `[${role}.transport]`,
    'type = "noise"',
    `[${role}.transport.noise]`,
    own.key,
    `[${role}.services.load]`,
    token,
    own.service,
  ];
  const here = { address: `bind_addr = "127.0.0.1:${controlPort}"`, key: `local_private_key = "${secret}"` };
  const there = { address: `remote_addr = "127.0.0.1:${controlPort}"`, key: `remote_public_key = "${open}"` };
  writeFileSync(server, section('server', { ...here, service: `bind_addr = "127.0.0.1:${port}"` }).join('\n'));
  writeFileSync(client, section('client', { ...there, service: `local_addr = "127.0.0.1:${servicePort}"` }).join('\n'));
  return { server: ['rathole', '--server', server], client: ['rathole', '--client', client] };
}
