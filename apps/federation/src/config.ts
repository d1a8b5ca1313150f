import { parseCidrs } from '@app/tunnel-dialer';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { z } from 'zod';

/** Comma-separated ranges, e.g. `192.168.0.0/16,fd00::/8`. */
const cidrs = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(',')
      .map((range) => range.trim())
      .filter(Boolean),
  )
  .superRefine((ranges, context) => {
    try {
      parseCidrs(ranges);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

export const federationEnvironment = commonEnvironment.extend({
  /** Ranges that direct dials may reach although they are private or loopback. */
  ADIT_DIRECT_ALLOW_CIDRS: cidrs,
});

export type FederationConfig = z.infer<typeof federationEnvironment>;

export const readConfig = (): FederationConfig => parseEnvironment(federationEnvironment, process.env);
