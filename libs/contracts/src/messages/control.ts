import { z } from 'zod';
import { errorBody } from '../message.js';
import { certificateRequest, renewalProofs, renewedCertificate } from './renewal.js';

/**
 * The service of a broker that its agents open channels to, of class control: one request, one answer, each a framed
 * message (u32 length, JSON, at most 16 KiB). The dot keeps it apart from every service that a site or a ticket can name.
 */
export const CONTROL_SERVICE = 'adit.control';

/** What an agent may ask, by `kind`, and what it gets. Answers may grow members, requests may not. */
export const CONTROL = {
  /** The broker's clock, ms since 1970. */
  clock: {
    request: z.strictObject({ kind: z.literal('clock') }),
    answer: z.object({ nowMs: z.int() }),
  },
  /** The next certificate of the agent, for a new key; the same key again gets the same bytes. */
  renew: {
    request: z.strictObject({ kind: z.literal('renew'), csr: certificateRequest, proofs: renewalProofs }),
    answer: renewedCertificate,
  },
} as const;

export type ControlKind = keyof typeof CONTROL;
export type ControlRequest<K extends ControlKind = ControlKind> = z.infer<(typeof CONTROL)[K]['request']>;
export type ControlAnswer<K extends ControlKind = ControlKind> = z.infer<(typeof CONTROL)[K]['answer']>;

export const controlRequest = z.discriminatedUnion('kind', [CONTROL.clock.request, CONTROL.renew.request]);

/** What a broker sends back; `answer` is read by the schema of the kind that was asked. */
export const controlResponse = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), answer: z.unknown() }),
  errorBody.extend({ ok: z.literal(false) }),
]);
export type ControlResponse = z.infer<typeof controlResponse>;
