import { z } from 'zod';

const trouble = z.object({ code: z.string(), message: z.string(), advice: z.string().optional(), at: z.string() });

export const cameraStatus = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  reason: z.string().optional(),
});
export type CameraStatus = z.infer<typeof cameraStatus>;

export const tunnelState = z.enum(['connecting', 'up', 'waiting', 'stopped']);
export type TunnelState = z.infer<typeof tunnelState>;

const classTraffic = z.object({
  channels: z.int(),
  bytesSent: z.int(),
  bytesReceived: z.int(),
  bytesResent: z.int(),
});

/** Of the present session. Bytes of classes are payload, those of the session are all that its connections carried. */
const traffic = z.object({
  lanes: z.int(),
  resumes: z.int(),
  bytesSent: z.int(),
  bytesReceived: z.int(),
  bytesResent: z.int(),
  classes: z.record(z.string(), classTraffic),
});
export type Traffic = z.infer<typeof traffic>;

const certificateStatus = z.object({
  serial: z.string(),
  notBefore: z.string(),
  notAfter: z.string(),
  /** By the cloud's clock. */
  renewAt: z.string(),
  /** `code` is `renewed`, or that of the failure. Null: none in this process's life. */
  lastRenewal: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Id of the last `adit-agent renew` that was served. */
  servedRequest: z.string().nullable(),
});
export type CertificateStatus = z.infer<typeof certificateStatus>;

const eventStatus = z.object({
  count: z.int(),
  bytes: z.int(),
  oldestAt: z.string().nullable(),
  newestSequence: z.int(),
  /** By age, size or count. */
  discarded: z.int(),
  /** Could not be kept. */
  unstored: z.int(),
  waiting: z.int(),
  /** Why nothing can be written now. */
  fault: z.string().nullable(),
});
export type EventStatus = z.infer<typeof eventStatus>;

const recordStatus = z.object({
  outages: z.int(),
  unsent: z.int(),
  /** Forgotten before they were sent. */
  lost: z.int(),
  /** Changes that stand in memory alone. */
  unwritten: z.int(),
  /** Why nothing can be written now. */
  fault: z.string().nullable(),
});

/** What `run` tells about itself, for `status` in another process. */
export const status = z.object({
  v: z.literal(1),
  pid: z.int(),
  instanceId: z.string(),
  agentVersion: z.string(),
  startedAt: z.string(),
  writtenAt: z.string(),
  site: z.object({ siteId: z.string(), siteName: z.string(), agentId: z.string(), certificateNotAfter: z.string() }),
  /** An agent of before does not tell. */
  certificate: certificateStatus.optional(),
  tunnel: z.object({
    state: tunnelState,
    since: z.string(),
    broker: z.string().nullable(),
    proxy: z.string().nullable(),
    sessionId: z.string().nullable(),
    rttMs: z.number().nullable(),
    /** This machine's clock minus the broker's. */
    clockSkewMs: z.number().nullable(),
    nextAttemptAt: z.string().nullable(),
    /** Null without a session; an agent of before does not tell. */
    traffic: traffic.nullable().optional(),
  }),
  /** Of the store of events; an agent of before does not tell. */
  events: eventStatus.optional(),
  /** In force now; an agent of before does not tell. */
  uplink: z
    .object({
      limitBitsPerSecond: z.number().nullable(),
      scheduleLine: z.int().nullable(),
      /** What the line carried when it was last full; null while it never was. */
      capacityBitsPerSecond: z.number().nullable().optional(),
    })
    .optional(),
  /** Of the record of the times without a tunnel; an agent of before does not tell. */
  record: recordStatus.optional(),
  /** Newest first. */
  troubles: z.array(trouble),
  services: z.record(z.string(), z.string()),
  cameras: z.array(cameraStatus),
});
export type Status = z.infer<typeof status>;
