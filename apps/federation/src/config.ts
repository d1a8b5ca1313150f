import { cidrList } from '@app/tunnel-dialer';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { z } from 'zod';

export const federationEnvironment = commonEnvironment.extend({
  /** Ranges that direct dials may reach although they are private or loopback. */
  ADIT_DIRECT_ALLOW_CIDRS: cidrList,
  /** Events of sites are dropped by the week, when all of it is older than this. */
  ADIT_EVENT_RETENTION_DAYS: z.coerce.number().int().min(7).max(1_100).default(90),
});

export type FederationConfig = z.infer<typeof federationEnvironment>;

export const readConfig = (): FederationConfig => parseEnvironment(federationEnvironment, process.env);
