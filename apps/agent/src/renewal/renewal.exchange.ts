import { createCsr, createRenewalProofs } from '@app/pki';
import { createPrivateKey } from 'node:crypto';
import { askBroker } from '../control/control.client.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';

/**
 * Has the next key certified, through the tunnel that is up. Killed anywhere, the next call sends the same key and gets the
 * same certificate. @throws as askBroker; AgentError `renewal-answer-invalid`, `state-unwritable`
 */
export const requestRenewal = async (
  holder: IdentityHolder,
  { session, exporter }: Pick<Connected, 'session' | 'exporter'>,
): Promise<void> => {
  const newKey = await holder.openNextKey();
  const currentKey = createPrivateKey(holder.current.privateKey);
  const { certificateChain } = await askBroker(session, {
    kind: 'renew',
    csr: await createCsr(newKey),
    proofs: createRenewalProofs(exporter, { newKey, currentKey }),
  });
  await holder.propose(certificateChain, newKey);
};
