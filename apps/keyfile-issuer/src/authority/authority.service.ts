import type { TrustBundle } from '@app/contracts';
import { DomainError } from '@app/contracts';
import {
  agentProfile,
  brokerProfile,
  certificatePem,
  claimProfile,
  isIssuedDirectlyBy,
  issueCertificate,
  notAfterOf,
  PkiError,
  readCsr,
  type AgentHome,
  type CaTree,
  type Issuer,
  type KeyfileEndpoint,
  type Profile,
} from '@app/pki';
import type { X509Certificate } from 'node:crypto';
import type { Database } from '@app/persistence';
import type { BrokerNames } from './broker-names.js';
import { issuingTree, pemOf, serverChainOf, trustOf, type AuthoritySnapshot } from './authority.snapshot.js';

/** The CAs at work: who gets which certificate, and what everybody trusts. Times are the database's. */
export class AuthorityService {
  /** @param source the CAs now: while they are rotated, they change between two calls */
  constructor(
    private readonly source: { readonly current: AuthoritySnapshot },
    readonly endpoints: KeyfileEndpoint[],
    private readonly brokerNames: BrokerNames,
    private readonly database: Database,
    private readonly agentLifeMs?: number,
  ) {}

  /** The same with the CAs of this moment, for what needs several things that belong together. */
  pinned(): AuthorityService {
    const { source, endpoints, brokerNames, database, agentLifeMs } = this;
    return new AuthorityService({ current: source.current }, endpoints, brokerNames, database, agentLifeMs);
  }

  get deployment(): string {
    return this.tree.deployment;
  }

  get keyfileSigning(): Issuer {
    return this.tree.keyfileSigning;
  }

  get trust(): TrustBundle {
    return trustOf(this.source.current);
  }

  /** The same list, signed by the roots. */
  get signedTrust(): string {
    return this.source.current.signedTrust;
  }

  /** PEM of the CAs that issue now. */
  get issuers(): { agentCa: string; claimCa: string } {
    return { agentCa: pemOf(this.tree.agentCa), claimCa: pemOf(this.tree.claimCa) };
  }

  /** PEM of the CA of ours that made an agent's certificate with its own key; `undefined`: none did. */
  issuerOfAgent(certificate: X509Certificate): string | undefined {
    const { current, next } = this.source.current;
    const candidates = [current, ...(next === undefined ? [] : [next])].map((tree) => tree.agentCa);
    const issuer = candidates.find((ca) => isIssuedDirectlyBy(certificate, ca.certificate));
    return issuer && pemOf(issuer);
  }

  /** @param home written into the certificate, so that a restore that has lost the agent can put it back */
  certifyAgent(agentId: string, spki: Buffer, now: Date, home?: AgentHome): Promise<X509Certificate> {
    const profile = agentProfile(this.deployment, agentId, { home, lifetimeMs: this.agentLifeMs });
    return this.issue(profile, spki, now, this.tree.agentCa);
  }

  /** PEM of the agent-CA that issued it: the CAs may have changed while it was signed. */
  chainOf(certificate: X509Certificate): string {
    const issuer = this.issuerOfAgent(certificate);
    if (issuer === undefined) throw new DomainError('unavailable', 'the CAs were changed', { retryAfterMs: 1000 });
    return issuer;
  }

  certifyClaim(keyfileId: string, spki: Buffer, now: Date, lifetimeMs: number): Promise<X509Certificate> {
    return this.issue(claimProfile(this.deployment, keyfileId, lifetimeMs), spki, now, this.tree.claimCa);
  }

  /** A broker's server certificate. Raises `forbidden` for a name that is not a broker's, `enrolment-bad-csr`. */
  async certifyBroker(csr: string, serverNames: string[]): Promise<{ certificateChain: string; notAfter: string }> {
    const profile = brokerProfile(this.deployment, this.brokerNames.resolve(serverNames));
    const spki = readKeyOf(csr);
    const now = await this.database.now();
    const snapshot = this.source.current;
    const certificate = await this.issue(profile, spki, now, issuingTree(snapshot).serverCa);
    return {
      certificateChain: certificatePem(certificate.raw) + serverChainOf(snapshot),
      notAfter: notAfterOf(certificate).toISOString(),
    };
  }

  private get tree(): CaTree {
    return issuingTree(this.source.current);
  }

  private issue(profile: Profile, spki: Buffer, now: Date, issuer: Issuer): Promise<X509Certificate> {
    return signing(issueCertificate({ profile, spki, now }, issuer));
  }
}

/** The key in a request, proven; raises `enrolment-bad-csr`. */
export function readKeyOf(csr: string): Buffer {
  try {
    return readCsr(csr);
  } catch (cause) {
    if (cause instanceof PkiError) throw new DomainError('enrolment-bad-csr', cause.message, { cause });
    throw cause;
  }
}

/** A signer that is away (a KMS) is an outage, after which the same request goes on. */
export function signing<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw cause instanceof PkiError ? cause : signerAway(cause);
  });
}

export function signerAway(cause: unknown): DomainError {
  return new DomainError('unavailable', 'the signing key does not answer now', { cause, retryAfterMs: 5000 });
}
