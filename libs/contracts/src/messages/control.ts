import { z } from 'zod';
import { errorBody } from '../message.js';
import { signedTrust } from './enrolment.js';
import { certificateRequest, renewalProofs, renewedCertificate } from './renewal.js';
import { MAX_REPORTED_OUTAGES, siteCondition, siteOutage } from './site-report.js';

/**
 * The service of a broker that its agents open channels to, of class control: one request, one answer, each a framed
 * message (u32 length, JSON, at most 16 KiB). A broker opens a channel to its agent's service of this name to say that it has
 * something new for the one who asks; nothing is sent on it. The dot keeps it apart from every service that a site or a ticket can name.
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
  /** Says which list of roots the agent holds; gets the newest one unless it has that. */
  trust: {
    request: z.strictObject({ kind: z.literal('trust'), bundleVersion: z.int().min(1).max(1_000_000) }),
    answer: z.object({
      bundleVersion: z.int(),
      signedTrust: signedTrust.nullable(),
      /** PEM: an agent whose certificate is of another CA renews it at a random moment within `spreadMs`. */
      renewOtherThan: z.string().max(4_096).nullable(),
      spreadMs: z.number().min(0).max(86_400_000),
    }),
  },
  /** What the site has noted of the times without a tunnel, oldest first, and how it is now. Sent again until it is answered: an outage is known by its id. */
  report: {
    request: z.strictObject({
      kind: z.literal('report'),
      outages: z.array(siteOutage).max(MAX_REPORTED_OUTAGES),
      now: siteCondition,
    }),
    answer: z.object({}),
  },
} as const;

export type ControlKind = keyof typeof CONTROL;
export type ControlRequest<K extends ControlKind = ControlKind> = z.infer<(typeof CONTROL)[K]['request']>;
export type ControlAnswer<K extends ControlKind = ControlKind> = z.infer<(typeof CONTROL)[K]['answer']>;

export const controlRequest = z.discriminatedUnion('kind', [
  CONTROL.clock.request,
  CONTROL.renew.request,
  CONTROL.trust.request,
  CONTROL.report.request,
]);

/** What a broker sends back; `answer` is read by the schema of the kind that was asked. */
export const controlResponse = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), answer: z.unknown() }),
  errorBody.extend({ ok: z.literal(false) }),
]);
export type ControlResponse = z.infer<typeof controlResponse>;
