import { z } from 'zod';
import { ENTITY_KINDS } from '../entity-kind.js';
import { ResourceTag } from '../entity-tag.js';
import { defineRequest } from '../message.js';
import {
  base64,
  displayName,
  instant,
  pageOf,
  pageRequest,
  siteLabel,
  spkiPin,
  streamUsage,
  uuid,
} from '../primitives.js';

/** 1 to 100 characters. */
export const EVENT_TYPE = /^(?=.{1,100}$)(?:\*|[\w-]+(?:\.[\w-]+)*(?:\.\*)?)$/;

/** The literal table of moves is in apps/federation. */
export const roleState = z.enum([
  'unconfigured',
  'connecting',
  'synchronizing',
  'connected',
  'invalid-credentials',
  'connection-failed',
  'warning',
  'disabled',
]);
export type RoleState = z.infer<typeof roleState>;

/** Kinds of entities that a role federates; `*` stands for all of them, later ones too. */
export const entityType = z.enum(['*', ...ENTITY_KINDS]);
export type EntityType = z.infer<typeof entityType>;

/** What a site lets an account do, as far as it says so. */
export const siteCapability = z.enum(['entities', 'live-streams', 'events', 'commands', 'snapshots', 'playback']);
export type SiteCapability = z.infer<typeof siteCapability>;

/** A name of events such as `camera.motion`, all that begin alike (`input.*`), or all (`*`). */
export const eventType = z.string().regex(EVENT_TYPE);

export const federationRole = z.object({
  id: uuid,
  siteId: uuid,
  siteLabel,
  name: z.string(),
  directoryAddress: z.string().nullable(),
  username: z.string().nullable(),
  /** Pin of a directly reached site, confirmed once by the operator; tunnelled sites use the enrolment's. */
  tlsPin: spkiPin.nullable(),
  resilientConnection: z.boolean(),
  reconnectionTimeoutSeconds: z.int(),
  defaultStreamUsage: streamUsage,
  entityTypes: z.array(entityType),
  /** None: no events. */
  eventTypes: z.array(eventType),
  federateAlarms: z.boolean(),
  enabled: z.boolean(),
  /** Of the role's account, at the last contact. */
  capabilities: z.array(siteCapability),
  state: roleState,
  stateReason: z.string().nullable(),
  stateSince: instant,
  lastContactAt: instant.nullable(),
  clockSkewMs: z.number().nullable(),
  entityCount: z.int(),
});
export type FederationRole = z.infer<typeof federationRole>;

export const roleTag = new ResourceTag<FederationRole>([
  'state',
  'stateReason',
  'stateSince',
  'lastContactAt',
  'clockSkewMs',
  'capabilities',
  'entityCount',
]);
const ifMatch = z.array(z.string().max(110)).max(20).optional();

const caller = z.object({ tenantId: uuid, actor: z.string(), correlationId: z.string() });

export const roleList = defineRequest(
  'federation.role.list',
  pageRequest.extend({ tenantId: uuid, siteId: uuid.optional() }),
  pageOf(federationRole),
);
export const roleGet = defineRequest('federation.role.get', z.object({ tenantId: uuid, roleId: uuid }), federationRole);

export const roleChanges = z.strictObject({
  name: displayName.optional(),
  /** `directory.<site>.tunnel.<domain>` or host:port. */
  directoryAddress: z.string().min(1).max(300).optional(),
  username: z.string().min(1).max(100).optional(),
  tlsPin: spkiPin.nullable().optional(),
  resilientConnection: z.boolean().optional(),
  reconnectionTimeoutSeconds: z.int().min(0).max(86_400).optional(),
  defaultStreamUsage: streamUsage.optional(),
  entityTypes: z.array(entityType).min(1).max(20).optional(),
  eventTypes: z.array(eventType).max(50).optional(),
  federateAlarms: z.boolean().optional(),
  enabled: z.boolean().optional(),
});
/** `sealedPassword` is a JWE for federation; admin-api never stores it. */
export const roleUpdate = defineRequest(
  'federation.role.update',
  caller.extend({ roleId: uuid, changes: roleChanges, sealedPassword: z.string().max(4_096).optional(), ifMatch }),
  federationRole,
);
export const roleCreate = defineRequest(
  'federation.role.create',
  caller.extend({ siteId: uuid, siteLabel, changes: roleChanges, sealedPassword: z.string().max(4_096).optional() }),
  federationRole,
);
/** Its entities go with it; a role created again for the same site finds the same entity ids. */
export const roleDelete = defineRequest(
  'federation.role.delete',
  caller.extend({ roleId: uuid, ifMatch }),
  z.object({}),
);

export const videoStream = z.object({
  usages: z.array(streamUsage),
  codec: z.string(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  frameRate: z.number().nullable(),
});

export const camera = z.object({
  id: uuid,
  siteId: uuid,
  siteLabel,
  roleId: uuid,
  /** The site's own key of the entity. */
  remoteId: z.string(),
  name: z.string(),
  /** The `<camera>` part of a stream URL: unique in its site, derived from the remote id. */
  path: z.string(),
  state: z.enum(['online', 'offline', 'unknown']),
  stateReason: z.string().nullable(),
  streams: z.array(videoStream),
  /** Whether it can be turned. */
  ptz: z.boolean(),
  /** Whether it has sound. */
  audio: z.boolean(),
  updatedAt: instant,
});
export type Camera = z.infer<typeof camera>;

export const cameraList = defineRequest(
  'federation.camera.list',
  pageRequest.extend({ tenantId: uuid, siteId: uuid.optional() }),
  pageOf(camera),
);
export const timelineState = z.enum(['recorded', 'empty', 'unknown', 'retrieving']);
export const timelineSpan = z.object({ from: instant, to: instant, state: timelineState });
export type TimelineSpan = z.infer<typeof timelineSpan>;

/** What the site's recording device holds of a camera: spans in their order that touch each other. */
export const cameraTimeline = defineRequest(
  'federation.camera.timeline',
  z.object({ tenantId: uuid, cameraId: uuid, from: instant, to: instant }),
  z.object({ spans: z.array(timelineSpan) }),
  15_000,
);
/**
 * A still picture of a camera as it is now: JPEG, in as many replies as it needs, because the transport takes 1 MB at a time.
 * `part` is base64, `of` how many there are.
 */
export const cameraSnapshot = defineRequest(
  'federation.camera.snapshot',
  z.object({ tenantId: uuid, cameraId: uuid }),
  z.object({ takenAt: instant, part: base64, of: z.int().min(1) }),
  20_000,
);
export const cameraGet = defineRequest('federation.camera.get', z.object({ tenantId: uuid, cameraId: uuid }), camera);
