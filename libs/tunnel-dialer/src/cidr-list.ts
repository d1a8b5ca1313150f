import { z } from 'zod';
import { parseCidrs } from './address-rule.js';

/** A setting: comma-separated ranges, e.g. `192.168.0.0/16,fd00::/8`; none by default. */
export const cidrList = z
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
