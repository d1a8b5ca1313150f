import { z } from 'zod';
import { defineRequest } from '../message.js';
import { uuid } from '../primitives.js';
import { keyfileSummary } from './keyfile.js';

export const agentState = z.enum(['pending', 'active', 'locked', 'revoked']);
export type AgentState = z.infer<typeof agentState>;
export const certificateState = z.enum(['pending', 'current', 'superseded', 'revoked']);
export type CertificateState = z.infer<typeof certificateState>;

const order = z.object({
  tenantId: uuid,
  agentId: uuid,
  /** `operator:<name>` */
  actor: z.string(),
  correlationId: z.string(),
});
const reasoned = order.extend({ reason: z.string().max(200) });
const outcome = z.object({ state: agentState });

/** admin-api → keyfile-issuer. The agent, its certificates and its keyfiles; live sessions are cut. Idempotent. */
export const agentRevoke = defineRequest('agent.revoke', reasoned, outcome);
/** admin-api → keyfile-issuer. An active agent is let in no more, until it is unlocked; live sessions are cut. Idempotent. */
export const agentLock = defineRequest('agent.lock', reasoned, outcome);
/** admin-api → keyfile-issuer. Idempotent. */
export const agentUnlock = defineRequest('agent.unlock', reasoned, outcome);

/**
 * admin-api → keyfile-issuer: a keyfile by which an agent whose certificate is over, or whose renewal is stuck, gets the next
 * one. It is worth nothing without the agent's own key. `sealedKeyfile` is a JWE for admin-api.
 */
export const agentApproveReturn = defineRequest(
  'agent.approve-return',
  order.extend({
    validForSeconds: z
      .int()
      .min(60)
      .max(7 * 86_400)
      .default(86_400),
  }),
  z.object({ keyfile: keyfileSummary, sealedKeyfile: z.string(), fingerprint: z.string() }),
  10_000,
);
