import type { RotationStep, TrustBundle } from '@app/contracts';
import { certificatePem, pinOf, spkiOf, type CaTree, type Issuer } from '@app/pki';
import { bothTrusted, nextIssues } from './rotation.table.js';

/** The one row of the rotation. */
export interface AuthorityRow {
  /** Grows with every step. */
  revision: number;
  step: RotationStep;
  currentGeneration: number;
  nextGeneration: number | null;
  bundleVersion: number;
  changedAt: Date;
  changedBy: string;
}

/** The CAs as they are after one step; never changed, replaced as a whole. */
export interface AuthoritySnapshot {
  row: AuthorityRow;
  current: CaTree;
  /** While the CAs are rotated. */
  next: CaTree | undefined;
  /** PEM: the next root, signed by the current one. */
  crossRoot: string | null;
  /** The next tree has issued something. */
  nextWasActive: boolean;
  /** Signed list of roots of `bundleVersion`. */
  signedTrust: string;
}

export const pemOf = (issuer: Issuer): string => certificatePem(issuer.certificate.raw);

/** The tree that issues. */
export const issuingTree = ({ row, current, next }: AuthoritySnapshot): CaTree =>
  next !== undefined && nextIssues(row.step) ? next : current;

/** Trees whose certificates are accepted, the issuing one first. */
export const trustedTrees = (snapshot: AuthoritySnapshot): CaTree[] => {
  const { row, current, next } = snapshot;
  if (next === undefined || !bothTrusted(row.step)) return [current];
  return nextIssues(row.step) ? [next, current] : [current, next];
};

export const trustOf = (snapshot: AuthoritySnapshot): TrustBundle => {
  const roots = trustedTrees(snapshot).map((tree) => tree.root);
  return {
    bundleVersion: snapshot.row.bundleVersion,
    roots: roots.map(pemOf),
    rootSpkiSha256: roots.map((root) => pinOf(spkiOf(root.certificate.publicKey))),
  };
};

/** What follows the leaf of a broker: its CA, and the way from there to the root that agents know already. */
export const serverChainOf = (snapshot: AuthoritySnapshot): string => {
  const issuing = issuingTree(snapshot);
  const isNew = issuing === snapshot.next;
  return pemOf(issuing.serverCa) + (isNew ? (snapshot.crossRoot ?? '') : '');
};

/** The CA that every agent should have its certificate of by now. */
export const wantedAgentCa = (snapshot: AuthoritySnapshot): string | null => {
  const { step } = snapshot.row;
  const isTakenBack = step === 'published' && snapshot.nextWasActive;
  return step === 'tainted' || isTakenBack ? pemOf(issuingTree(snapshot).agentCa) : null;
};
