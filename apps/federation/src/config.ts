import { cidrList } from '@app/tunnel-dialer';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import type { z } from 'zod';

export const federationEnvironment = commonEnvironment.extend({
  /** Ranges that direct dials may reach although they are private or loopback. */
  ADIT_DIRECT_ALLOW_CIDRS: cidrList,
});

export type FederationConfig = z.infer<typeof federationEnvironment>;

export const readConfig = (): FederationConfig => parseEnvironment(federationEnvironment, process.env);
