import { z } from 'zod';
import { defineRequest, type RequestContract } from '../message.js';
import { uuid } from '../primitives.js';

const disconnect = z.object({ tenantId: uuid, siteId: uuid, actor: z.string().max(200), correlationId: z.string() });
const disconnected = z.object({ ended: z.int() });
const drain = z.object({
  actor: z.string().max(200),
  correlationId: z.string(),
  /** What open channels get to finish. */
  deadlineMs: z.int().min(0).max(3_600_000),
});
const drained = z.object({ sessions: z.int() });

/** admin-api → the one process that holds sessions of the site: they end, and the agent may come back. */
export const brokerDisconnect = (brokerId: string): RequestContract<typeof disconnect, typeof disconnected> =>
  defineRequest(`broker.${brokerId}.disconnect`, disconnect, disconnected);

/** admin-api → a broker process: no new session, and those that are there move to other brokers. Answered when it has begun. */
export const brokerDrain = (brokerId: string): RequestContract<typeof drain, typeof drained> =>
  defineRequest(`broker.${brokerId}.drain`, drain, drained);

export type BrokerDisconnect = z.infer<typeof disconnect>;
export type BrokerDrain = z.infer<typeof drain>;
