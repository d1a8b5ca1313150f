import { z } from 'zod';
import { defineRequest, type RequestContract } from '../message.js';

const relayed = z.object({
  /** Subject of the contract that `request` belongs to; the receiver parses it by that. */
  subject: z.string().max(100),
  request: z.unknown(),
});
export type Relayed = z.infer<typeof relayed>;

/** One process of federation → the one that runs the role: only that one has contact with the site. Never relayed again. */
export const federationRelay = (replicaId: string, timeoutMs?: number): RequestContract<typeof relayed, z.ZodUnknown> =>
  defineRequest(`federation.replica.${replicaId}`, relayed, z.unknown(), timeoutMs);
