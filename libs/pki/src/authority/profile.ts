import { isIP } from 'node:net';
import { formatIdentity } from '../identity-uri.js';
import type { AgentHome } from './agent-home.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_MS = 365 * DAY_MS;

/** Clocks of sites are a little slow; a certificate is valid from a little before it was made. */
export const BACKDATE_MS = 5 * 60 * 1000;

export const AGENT_LIFETIME_MS = 90 * DAY_MS;
export const BROKER_LIFETIME_MS = 30 * DAY_MS;

export type AuthorityRole = 'agent-ca' | 'claim-ca' | 'server-ca';

/** Everything a certificate says that is not the key, the serial or the issuer. Nothing in it ever comes from a CSR. */
export interface Profile {
  usage: 'root' | 'authority' | 'client' | 'server' | 'signing';
  commonName: string;
  organization: string;
  names: SubjectName[];
  lifetimeMs: number;
  /** How long before its making it becomes valid; 5 min without it. */
  backdateMs?: number;
  home?: AgentHome | undefined;
}

export type SubjectName = { uri: string } | { dns: string } | { ip: string };

/** @param generation of the tree: the CAs of two trees have different names, so that no verifier mixes them up */
export function rootProfile(deployment: string, generation = 1): Profile {
  return {
    usage: 'root',
    commonName: generationName('Adit root', generation),
    organization: deployment,
    names: [],
    lifetimeMs: 10 * YEAR_MS,
  };
}

export function authorityProfile(deployment: string, role: AuthorityRole, generation = 1): Profile {
  return {
    usage: 'authority',
    commonName: generationName(`Adit ${role}`, generation),
    organization: deployment,
    names: [],
    lifetimeMs: 2 * YEAR_MS,
  };
}

/** The first tree has no number: it was there before there were others. */
function generationName(name: string, generation: number): string {
  return generation === 1 ? name : `${name} ${generation}`;
}

export function keyfileSigningProfile(deployment: string): Profile {
  const uri = formatIdentity({ kind: 'keyfile-signing', deployment });
  return leaf('signing', deployment, 'Adit keyfile signing', [{ uri }], 2 * YEAR_MS);
}

/** With its home in it, a certificate brings its agent back after a restore that knows nothing of it (docs/backup.md). */
export function agentProfile(
  deployment: string,
  agentId: string,
  { home, lifetimeMs = AGENT_LIFETIME_MS }: { home?: AgentHome | undefined; lifetimeMs?: number } = {},
): Profile {
  const uri = formatIdentity({ kind: 'agent', deployment, agentId });
  // Renewal is due at a share of the life: of a short one the backdating must not be most.
  const backdateMs = Math.min(BACKDATE_MS, lifetimeMs / 20);
  return { ...leaf('client', deployment, agentId, [{ uri }], lifetimeMs), backdateMs, home };
}

/** `lifetimeMs` is what the keyfile has left: the claim ends with it. */
export function claimProfile(deployment: string, keyfileId: string, lifetimeMs: number): Profile {
  const uri = formatIdentity({ kind: 'keyfile', deployment, keyfileId });
  return leaf('client', deployment, keyfileId, [{ uri }], lifetimeMs);
}

/** `hosts` are the DNS names and addresses agents will verify; the first becomes the common name. */
export function brokerProfile(deployment: string, hosts: string[]): Profile {
  const names = hosts.map((host) => (isIP(host) === 0 ? { dns: host } : { ip: host }));
  // RFC 5280 caps a common name at 64 characters; verification reads the names only.
  return leaf('server', deployment, (hosts[0] ?? 'broker').slice(0, 64), names, BROKER_LIFETIME_MS);
}

function leaf(
  usage: Profile['usage'],
  organization: string,
  commonName: string,
  names: SubjectName[],
  lifetimeMs: number,
): Profile {
  return { usage, commonName, organization, names, lifetimeMs };
}
