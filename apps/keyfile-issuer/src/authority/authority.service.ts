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
  pinOf,
  readCsr,
  spkiOf,
  type AgentHome,
  type CaTree,
  type Issuer,
  type KeyfileEndpoint,
} from '@app/pki';
import type { X509Certificate } from 'node:crypto';
import type { Database } from '@app/persistence';
import type { BrokerNames } from './broker-names.js';

/** Grows with the first change of the roots (rotation). */
const BUNDLE_VERSION = 1;

/** The CA tree at work: who gets which certificate, and what everybody trusts. Times are the database's. */
export class AuthorityService {
  readonly trust: TrustBundle;

  constructor(
    private readonly tree: CaTree,
    readonly endpoints: KeyfileEndpoint[],
    private readonly brokerNames: BrokerNames,
    private readonly database: Database,
    private readonly agentLifeMs?: number,
  ) {
    const { certificate } = tree.root;
    this.trust = {
      bundleVersion: BUNDLE_VERSION,
      roots: [certificatePem(certificate.raw)],
      rootSpkiSha256: [pinOf(spkiOf(certificate.publicKey))],
    };
  }

  get deployment(): string {
    return this.tree.deployment;
  }

  get keyfileSigning(): Issuer {
    return this.tree.keyfileSigning;
  }

  /** PEM of the CAs that brokers pin per protocol. */
  get issuers(): { agentCa: string; claimCa: string } {
    return { agentCa: pemOf(this.tree.agentCa), claimCa: pemOf(this.tree.claimCa) };
  }

  /** PEM of the CA of ours that made an agent's certificate with its own key; `undefined`: none did. */
  issuerOfAgent(certificate: X509Certificate): string | undefined {
    const { agentCa } = this.tree;
    return isIssuedDirectlyBy(certificate, agentCa.certificate) ? pemOf(agentCa) : undefined;
  }

  /** @param home written into the certificate, so that a restore that has lost the agent can put it back */
  certifyAgent(agentId: string, spki: Buffer, now: Date, home?: AgentHome): Promise<X509Certificate> {
    const profile = agentProfile(this.deployment, agentId, { home, lifetimeMs: this.agentLifeMs });
    return signing(issueCertificate({ profile, spki, now }, this.tree.agentCa));
  }

  certifyClaim(keyfileId: string, spki: Buffer, now: Date, lifetimeMs: number): Promise<X509Certificate> {
    const profile = claimProfile(this.deployment, keyfileId, lifetimeMs);
    return signing(issueCertificate({ profile, spki, now }, this.tree.claimCa));
  }

  /** A broker's server certificate. Raises `forbidden` for a name that is not a broker's, `enrolment-bad-csr`. */
  async certifyBroker(csr: string, serverNames: string[]): Promise<{ certificateChain: string; notAfter: string }> {
    const profile = brokerProfile(this.deployment, this.brokerNames.resolve(serverNames));
    const spki = readKeyOf(csr);
    const now = await this.database.now();
    const certificate = await signing(issueCertificate({ profile, spki, now }, this.tree.serverCa));
    return {
      certificateChain: certificatePem(certificate.raw) + pemOf(this.tree.serverCa),
      notAfter: notAfterOf(certificate).toISOString(),
    };
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

function pemOf(issuer: Issuer): string {
  return certificatePem(issuer.certificate.raw);
}

/** A signer that is away (a KMS) is an outage, after which the same request goes on. */
function signing<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new DomainError('unavailable', 'the signing key does not answer now', { cause, retryAfterMs: 5000 });
  });
}
