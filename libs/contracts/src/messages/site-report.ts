import { z } from 'zod';
import { instant, uuid } from '../primitives.js';

/** The request must fit into one framed message: what does not fit comes with the next report. */
export const MAX_REPORTED_OUTAGES = 8;
const MAX_FAULTS = 8;

/** One way in which attempts failed, however many of them did. */
export const connectionFault = z.strictObject({
  /** As the agent's log and `status` name it, such as `dns-failed`, `tcp-refused`, `proxy-refused`. */
  code: z.string().min(1).max(60),
  /** `host:port` that was tried; empty for a fault of the site itself. */
  endpoint: z.string().max(300),
  detail: z.string().max(200),
  count: z.int().min(1),
  firstAt: instant,
  lastAt: instant,
});
export type ConnectionFault = z.infer<typeof connectionFault>;

/** A time without a tunnel, over now, as the site has seen it; times are the site's. */
export const siteOutage = z.strictObject({
  id: uuid,
  from: instant,
  to: instant,
  /** Why the tunnel ended: the code of its end, `process-stopped`, or `process-died` for one that could not say. */
  cause: z.string().min(1).max(60),
  faults: z.array(connectionFault).max(MAX_FAULTS),
  /** Of the agent's process while it lasted. */
  restarts: z.int().min(0),
  /** By how much the clock of the machine was set while it lasted. */
  clockJumpMs: z.int(),
});
export type SiteOutage = z.infer<typeof siteOutage>;

/** How the site finds itself now. */
export const siteCondition = z.strictObject({
  agentVersion: z.string().max(60),
  startedAt: instant,
  /** This machine's clock minus the broker's. */
  clockSkewMs: z.int().nullable(),
  uplink: z.strictObject({
    /** In force. */
    limitBitsPerSecond: z.int().min(0).nullable(),
    /** What the line was measured to carry; null when it was never full. */
    capacityBitsPerSecond: z.int().min(0).nullable(),
    roundTripMs: z.number().min(0).nullable(),
  }),
  /** Bytes that are free where the state directory is; null when it cannot be told. */
  freeBytes: z.int().min(0).nullable(),
});
export type SiteCondition = z.infer<typeof siteCondition>;
