import type { Paint } from '@app/terminal';

const PAINTS: Readonly<Record<string, Paint>> = {
  up: 'green',
  online: 'green',
  active: 'green',
  connected: 'green',
  redeemed: 'green',
  closed: 'green',
  stale: 'yellow',
  issued: 'yellow',
  claimed: 'yellow',
  pending: 'yellow',
  warning: 'yellow',
  down: 'red',
  'connection-failed': 'red',
  'invalid-credentials': 'red',
  offline: 'red',
  revoked: 'red',
  locked: 'red',
  expired: 'dim',
  never: 'dim',
};

/** What is well is green, what waits is yellow, what is cut off is red. */
export const statePaint = (state: string): Paint | undefined => PAINTS[state];
