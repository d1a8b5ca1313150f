import { z } from 'zod';
import { defineRequest } from '../message.js';
import { uuid } from '../primitives.js';

/**
 * One that is acknowledged already stays as it is, whoever asks. The site is told when it is there.
 * Fails with `alarm-not-found`.
 */
export const alarmAcknowledge = defineRequest(
  'federation.alarm.acknowledge',
  z.object({ tenantId: uuid, actor: z.string().max(300), correlationId: z.string(), alarmId: uuid }),
  z.object({}),
);
