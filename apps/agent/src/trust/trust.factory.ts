import type { AppLogger } from '@app/runtime';
import { askBroker } from '../control/control.client.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import type { RenewalKeeper } from '../renewal/renewal.keeper.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import { TrustKeeper } from './trust.keeper.js';

/** The trust of a running site, which follows its tunnel. */
export const createTrust = (
  holder: IdentityHolder,
  tunnel: TunnelClient,
  renewal: RenewalKeeper,
  logger: AppLogger,
): TrustKeeper => {
  const keeper = new TrustKeeper({
    holder,
    established: () => tunnel.established,
    ask: ({ session }, bundleVersion) => askBroker(session, { kind: 'trust', bundleVersion }),
    renewNow: () => renewal.renewNow(),
    logger,
  });
  tunnel.on('up', () => void keeper.look());
  return keeper;
};
