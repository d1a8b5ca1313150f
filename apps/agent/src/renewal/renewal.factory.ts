import type { AppLogger } from '@app/runtime';
import { askBroker } from '../control/control.client.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import { requestRenewal } from './renewal.exchange.js';
import { RenewalKeeper, type RenewalOutcome } from './renewal.keeper.js';
import { ServerClock } from './server-clock.js';

/** The renewal of a running site, which follows its tunnel. */
export const createRenewal = (
  holder: IdentityHolder,
  tunnel: TunnelClient,
  logger: AppLogger,
  onChange: () => void,
): RenewalKeeper => {
  const onOutcome = ({ code, message }: RenewalOutcome): void => {
    const { serial, notAfter } = keeper.plan;
    if (code === 'renewed') logger.info({ serial, notAfter }, message);
    else logger.warn({ code, notAfter }, `the certificate was not renewed: ${message}`);
    onChange();
  };
  const keeper: RenewalKeeper = new RenewalKeeper({
    holder,
    clock: new ServerClock(),
    established: () => tunnel.established,
    replaceLanes: () => tunnel.replaceLanes(),
    request: requestRenewal,
    askClock: async ({ session }) => (await askBroker(session, { kind: 'clock' })).nowMs,
    onOutcome,
  });
  tunnel.on('up', ({ welcome }) => void keeper.refresh(welcome.wallClockMs));
  tunnel.on('resumed', () => void keeper.refresh());
  return keeper;
};
