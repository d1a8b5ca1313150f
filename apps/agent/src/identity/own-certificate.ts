import { identityOf, isIssuedDirectlyBy, readCertificate, readCertificates, spkiOf } from '@app/pki';
import type { KeyObject } from 'node:crypto';

export interface OwnerOfCertificate {
  agentId: string;
  deployment: string;
  /** PEM. */
  roots: readonly string[];
}

/**
 * Whether the certificate is this site's: its key, its agent, directly under a CA of its root. The chain itself is judged by
 * TLS.
 */
export const isOwnCertificate = (chainPem: string, owner: OwnerOfCertificate, key: KeyObject): boolean => {
  const roots = owner.roots.map(readCertificate);
  try {
    const [leaf, ca] = readCertificates(chainPem);
    if (leaf === undefined || ca === undefined) return false;
    const named = identityOf(leaf);
    return (
      spkiOf(leaf.publicKey).equals(spkiOf(key)) &&
      named.kind === 'agent' &&
      named.agentId === owner.agentId &&
      named.deployment === owner.deployment &&
      isIssuedDirectlyBy(leaf, ca) &&
      roots.some((root) => isIssuedDirectlyBy(ca, root))
    );
  } catch {
    return false;
  }
};
