import { connect } from 'node:tls';
import type { CaTree } from '../authority/ca-tree.js';
import { ENROL_ALPN, TUNNEL_ALPN } from '../keyfile/format.js';
import { temporaryTree } from '../keyfile/keyfile.kit.js';
import { agentTlsOptions } from './agent-options.js';
import { brokerTlsOptions } from './broker-options.js';
import { agentOf, attempt, brokerOf, claimOf, Gate, type Credentials } from './handshake.kit.js';

let tree: CaTree;
let foreign: CaTree;
let gate: Gate;
let port: number;

beforeAll(async () => {
  tree = await temporaryTree();
  foreign = await temporaryTree();
});
beforeEach(async () => {
  gate = new Gate(brokerTlsOptions(await brokerOf(tree)));
  port = await gate.open();
});
afterEach(() => gate.close());

function options(identity: Credentials, serverName = 'broker.test') {
  return agentTlsOptions({ ...identity, serverName, alpn: TUNNEL_ALPN });
}

function refusal(): string {
  const [outcome] = gate.outcomes;
  return outcome !== undefined && 'refused' in outcome ? outcome.refused : 'admitted';
}

describe('broker and agent', () => {
  it('meet over TLS 1.3 with the protocol that was asked for', async () => {
    expect(
      await attempt(port, agentTlsOptions({ ...(await claimOf(tree)), serverName: 'broker.test', alpn: ENROL_ALPN })),
    ).toBe('greeted');
    const [outcome] = gate.outcomes;
    expect(outcome !== undefined && 'admitted' in outcome && outcome.admitted.alpnProtocol).toBe(ENROL_ALPN);
  });

  it.each([
    ['a server certificate', () => brokerOf(tree), 'INVALID_PURPOSE'],
    ['a certificate of another root', () => agentOf(foreign), /^UNABLE_TO_|SELF_SIGNED/],
    ['an expired certificate', () => agentOf(tree, new Date(Date.now() - 91 * 24 * 3600 * 1000)), 'CERT_HAS_EXPIRED'],
    ['a certificate of the future', () => agentOf(tree, new Date(Date.now() + 24 * 3600 * 1000)), 'CERT_NOT_YET_VALID'],
  ])('does not admit %s', async (_case, identity, reason) => {
    const credentials = { ...(await identity()), roots: (await agentOf(tree)).roots };
    expect(await attempt(port, options(credentials))).toBe('closed');
    expect(refusal()).toMatch(reason);
  });

  it('does not admit a client without a certificate', async () => {
    const { key: _key, cert: _cert, ...anonymous } = options(await agentOf(tree));
    expect(await attempt(port, anonymous)).toBe('closed');
    expect(refusal()).not.toBe('admitted');
  });

  it('is not joined by an agent whose broker has a client certificate or another name', async () => {
    const identity = await agentOf(tree);
    expect(await attempt(port, options(identity, 'other.test'))).toBe('closed');
    const impostor = new Gate(brokerTlsOptions(await agentOf(tree)));
    expect(await attempt(await impostor.open(), options(identity))).toBe('closed');
    impostor.close();
  });

  it.each([
    ['TLS 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const],
    ['an expensive key exchange', { ecdhCurve: 'P-521' }],
    ['an unknown protocol', { ALPNProtocols: ['h2'] }],
  ])('refuses %s', async (_case, change) => {
    const offered = { ...options(await agentOf(tree)), ...change };
    expect(await attempt(port, offered)).toBe('closed');
    expect(refusal()).not.toBe('admitted');
  });

  it('gives out no session that could be resumed', async () => {
    const sessions: Buffer[] = [];
    const socket = connect({ ...options(await agentOf(tree)), host: '127.0.0.1', port });
    socket.on('session', (session) => sessions.push(session));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(sessions).toEqual([]);
  });
});
