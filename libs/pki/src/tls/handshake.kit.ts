import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import { issueCertificate, type Issuer } from '../authority/certificate.js';
import { agentProfile, brokerProfile, claimProfile, type Profile } from '../authority/profile.js';
import { generateKey, privateKeyPem } from '../authority/signer.js';
import type { CaTree } from '../authority/ca-tree.js';
import { certificatePem } from '../pem.js';
import { spkiOf } from '../spki.js';

export const AGENT_ID = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';

export interface Credentials {
  key: string;
  chain: string;
  roots: string[];
}

export async function credentials(
  tree: CaTree,
  profile: Profile,
  issuer: Issuer,
  now = new Date(),
): Promise<Credentials> {
  const key = generateKey();
  const certificate = await issueCertificate({ profile, spki: spkiOf(key), now }, issuer);
  return {
    key: privateKeyPem(key),
    chain: certificatePem(certificate.raw) + certificatePem(issuer.certificate.raw),
    roots: [certificatePem(tree.root.certificate.raw)],
  };
}

export const agentOf = (tree: CaTree, now?: Date) =>
  credentials(tree, agentProfile(tree.deployment, AGENT_ID), tree.agentCa, now);
export const claimOf = (tree: CaTree) =>
  credentials(tree, claimProfile(tree.deployment, AGENT_ID, 60_000), tree.claimCa);
export const brokerOf = (tree: CaTree) =>
  credentials(tree, brokerProfile(tree.deployment, ['broker.test']), tree.serverCa);

/** What the server made of one connection. */
export type Outcome = { admitted: TLSSocket } | { refused: string };

/** A server that greets every admitted client with one byte and keeps what became of each. */
export class Gate {
  readonly outcomes: Outcome[] = [];
  readonly #server: Server;

  constructor(options: TlsOptions) {
    this.#server = createServer(options, (socket) => {
      socket.on('error', () => {});
      this.outcomes.push({ admitted: socket });
      socket.write('!');
    });
    this.#server.on('tlsClientError', (error, socket) => {
      const reason: unknown = socket.authorizationError ?? error.message;
      this.outcomes.push({ refused: String(reason) });
    });
  }

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const outcome of this.outcomes) if ('admitted' in outcome) outcome.admitted.destroy();
    this.#server.close();
  }
}

/** Connects and resolves to `greeted` when the server's byte came, else to `closed`. */
export function attempt(port: number, options: ConnectionOptions): Promise<'greeted' | 'closed'> {
  return new Promise((resolve) => {
    const socket = connect({ ...options, host: '127.0.0.1', port });
    socket.once('data', () => {
      resolve('greeted');
      socket.destroy();
    });
    socket.once('close', () => resolve('closed'));
    socket.on('error', () => {});
  });
}
