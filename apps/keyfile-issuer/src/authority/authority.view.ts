import type { AuthorityCertificate, AuthorityView, MissingAgent } from '@app/contracts';
import { DomainError } from '@app/contracts';
import { decodeCursor, type Database, type Page } from '@app/persistence';
import { notAfterOf, notBeforeOf, pinOf, serialOf, spkiOf, type CaTree, type Issuer } from '@app/pki';
import { issuingTree, pemOf, trustedTrees, type AuthoritySnapshot } from './authority.snapshot.js';
import type { AuthorityState } from './authority.state.js';
import { FleetRepository } from './fleet.repository.js';

/** The CAs and the rotation for people: certificates, and how far agents and brokers are. */
export class AuthorityViewer {
  constructor(
    private readonly state: AuthorityState,
    private readonly database: Database,
    private readonly fleet = new FleetRepository(),
  ) {}

  async view(): Promise<AuthorityView> {
    const snapshot = await this.state.refresh();
    const { row, current, next } = snapshot;
    const other = otherTree(snapshot);
    const counts = await this.database.inSystem(async (tx) => ({
      agents: await this.fleet.countAgents(tx, targetOf(snapshot)),
      brokers: await this.fleet.countBrokers(tx, row.revision),
      keyfilesOfOtherTree: other === undefined ? 0 : await this.fleet.countKeyfiles(tx, other.generation),
    }));
    return {
      deployment: current.deployment,
      step: row.step,
      revision: row.revision,
      bundleVersion: row.bundleVersion,
      changedAt: row.changedAt.toISOString(),
      changedBy: row.changedBy,
      certificates: [current, ...(next === undefined ? [] : [next])].flatMap((tree) => certificatesOf(snapshot, tree)),
      ...counts,
    };
  }

  /** @throws DomainError `invalid-request` for a cursor that is none */
  async missing({ cursor, limit }: { cursor?: string | undefined; limit: number }): Promise<Page<MissingAgent>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    if (after === null) throw new DomainError('invalid-request', 'the cursor does not come from a page of this list');
    const target = targetOf(await this.state.refresh());
    return this.database.inSystem((tx) => this.fleet.missing(tx, target, { limit, cursor: after }));
  }
}

const targetOf = (snapshot: AuthoritySnapshot): { bundleVersion: number; agentCa: string } => ({
  bundleVersion: snapshot.row.bundleVersion,
  agentCa: pemOf(issuingTree(snapshot).agentCa),
});

/** The tree that does not issue, when there are two. */
const otherTree = (snapshot: AuthoritySnapshot): CaTree | undefined =>
  issuingTree(snapshot) === snapshot.next ? snapshot.current : snapshot.next;

const certificatesOf = (snapshot: AuthoritySnapshot, tree: CaTree): AuthorityCertificate[] => {
  const members: [AuthorityCertificate['role'], Issuer][] = [
    ['root', tree.root],
    ['agent-ca', tree.agentCa],
    ['claim-ca', tree.claimCa],
    ['server-ca', tree.serverCa],
    ['keyfile-signing', tree.keyfileSigning],
  ];
  const [issuing, trusted] = [issuingTree(snapshot) === tree, trustedTrees(snapshot).includes(tree)];
  return members.map(([role, issuer]) => ({
    role,
    generation: tree.generation,
    issuing,
    trusted,
    serial: serialOf(issuer.certificate),
    spkiSha256: pinOf(spkiOf(issuer.certificate.publicKey)),
    notBefore: notBeforeOf(issuer.certificate).toISOString(),
    notAfter: notAfterOf(issuer.certificate).toISOString(),
    pem: pemOf(issuer),
  }));
};
