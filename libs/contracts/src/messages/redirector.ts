import { z } from 'zod';
import { defineRequest, type RequestContract } from '../message.js';
import { uuid } from '../primitives.js';

const end = z.object({
  tenantId: uuid,
  /** Of the tenant's streams those for which all of these hold. */
  streamId: uuid.optional(),
  siteId: uuid.optional(),
  cameraId: uuid.optional(),
  user: z.string().max(200).optional(),
  actor: z.string().max(200),
  correlationId: z.string(),
});
const ended = z.object({ ended: z.int() });

/** admin-api → one process of the redirector: it ends these streams and tells their viewers `ended-by-operator`. */
export const redirectorEndStreams = (redirectorId: string): RequestContract<typeof end, typeof ended> =>
  defineRequest(`redirector.${redirectorId}.end-streams`, end, ended);

export type EndStreamsRequest = z.infer<typeof end>;
