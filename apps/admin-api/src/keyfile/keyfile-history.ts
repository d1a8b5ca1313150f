import type { KeyfileSummary } from '@app/contracts';
import type { KeyfileStep } from './keyfile.dto.js';

/** The steps of a keyfile in their order, each with what is known of who and where. */
export const historyOf = (keyfile: KeyfileSummary): KeyfileStep[] => {
  const { issuedAt, issuedBy, downloadedAt, claimedAt, redeemedAt, closedAt, revokedAt, expiresAt, state } = keyfile;
  const steps: (Partial<Omit<KeyfileStep, 'at'>> & { step: string; at: string | null })[] = [
    { step: 'issued', at: issuedAt, by: issuedBy },
    { step: 'downloaded', at: downloadedAt, by: keyfile.downloadedBy },
    { step: 'claimed', at: claimedAt, from: keyfile.claimedFrom },
    { step: 'redeemed', at: redeemedAt },
    { step: 'first-used', at: closedAt, from: keyfile.closedFrom },
    { step: 'revoked', at: revokedAt, by: keyfile.revokedBy, reason: keyfile.revokeReason },
    { step: 'expired', at: state === 'expired' ? expiresAt : null },
  ];
  return steps.flatMap(({ at, ...step }) => (at === null ? [] : [{ by: null, from: null, reason: null, ...step, at }]));
};
