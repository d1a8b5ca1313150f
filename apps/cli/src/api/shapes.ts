import { z } from 'zod';

/** What the CLI reads of the API's answers. Members it does not know are kept: `--json` shows what the server said. */
const when = z.string().nullable().optional();
const text = z.string().nullable().optional();

export const anything = z.looseObject({});

export const site = z.looseObject({
  id: z.string(),
  name: z.string(),
  label: z.string(),
  createdAt: z.string(),
  tunnelAddress: z.string(),
  tunnel: z.looseObject({ state: z.string(), since: when }),
  tags: z.record(z.string(), z.string()).optional(),
  location: z.looseObject({ address: text }).nullable().optional(),
  notes: text,
});
export type Site = z.infer<typeof site>;

export const keyfile = z.looseObject({
  keyfileId: z.string(),
  siteId: z.string(),
  state: z.string(),
  issuedAt: z.string(),
  issuedBy: z.string(),
  expiresAt: z.string(),
  claimedFrom: text,
  redeemedAt: when,
  revokedAt: when,
  sealed: z.boolean().optional(),
  history: z.array(z.looseObject({ step: z.string(), at: z.string(), by: text, from: text, reason: text })).optional(),
});
export type Keyfile = z.infer<typeof keyfile>;

/** The content is null when the answer is a repetition. */
export const issuedKeyfile = z.looseObject({ keyfile, content: z.string().nullable(), fingerprint: z.string() });
export type IssuedKeyfile = z.infer<typeof issuedKeyfile>;

export const tunnel = z.looseObject({
  siteId: z.string(),
  siteLabel: z.string(),
  sessionId: z.string(),
  state: z.string(),
  since: z.string(),
  remoteAddress: z.string(),
  agentVersion: z.string(),
  rttMs: z.number().nullable(),
  clockSkewMs: z.number().nullable().optional(),
  closeReason: text,
});
export type Tunnel = z.infer<typeof tunnel>;

export const camera = z.looseObject({
  id: z.string(),
  siteLabel: z.string(),
  name: z.string(),
  path: z.string(),
  state: z.string(),
  stateReason: text,
  streams: z.array(
    z.looseObject({
      usages: z.array(z.string()),
      codec: z.string(),
      width: z.number().nullable(),
      height: z.number().nullable(),
    }),
  ),
});
export type Camera = z.infer<typeof camera>;

export const entity = z.looseObject({
  id: z.string(),
  siteLabel: z.string(),
  remoteId: z.string(),
  kind: z.string(),
  name: z.string(),
  state: z.string(),
  stateReason: text,
  camera: z.looseObject({ ptz: z.boolean(), audio: z.boolean() }).nullable(),
  properties: z.record(z.string(), z.unknown()).nullable(),
  updatedAt: z.string(),
  note: text,
});
export type Entity = z.infer<typeof entity>;

export const role = z.looseObject({
  id: z.string(),
  siteLabel: z.string(),
  name: z.string(),
  username: text,
  state: z.string(),
  stateReason: text,
  entityCount: z.number(),
});
export type Role = z.infer<typeof role>;

export const treeNode = z.looseObject({
  id: z.string(),
  depth: z.number(),
  kind: z.string(),
  name: z.string(),
  state: z.string(),
  below: z.looseObject({ online: z.number(), offline: z.number(), unknown: z.number() }),
});
export type TreeNode = z.infer<typeof treeNode>;
const ptzHold = z.looseObject({ user: z.string(), level: z.number(), until: z.string() }).nullable();
export const ptzStatus = z.looseObject({
  presets: z.array(z.looseObject({ preset: z.string(), name: z.string() })),
  hold: ptzHold,
  lock: ptzHold,
});
export const commandDone = z.looseObject({ siteMs: z.number(), deviceMs: z.number().nullable() });

export const viewTicket = z.looseObject({
  ticketId: z.string(),
  url: z.string().nullable(),
  firstUseBy: z.string(),
  expiresAt: z.string(),
});

export const recordingExport = z.looseObject({ ticketId: z.string(), url: z.string().nullable() });
export const stream = z.looseObject({
  id: z.string(),
  user: z.string(),
  siteLabel: z.string(),
  camera: z.string(),
  usage: z.string(),
  ticketId: z.string().nullable(),
  transport: z.string(),
  encrypted: z.boolean(),
  reason: z.string(),
  remoteAddress: z.string(),
  startedAt: z.string(),
  figures: z.looseObject({ droppedUnits: z.number() }),
});
export type Stream = z.infer<typeof stream>;

export const session = z.looseObject({
  token: z.string(),
  expiresAt: z.string(),
  operator: z.looseObject({ username: z.string() }),
});

export const currentSession = z.looseObject({
  via: z.string(),
  expiresAt: when,
  permissions: z.array(z.string()),
  operator: z.looseObject({ id: z.string(), username: z.string(), tenantId: z.string(), roles: z.array(z.string()) }),
});

export const auditEvent = z.looseObject({
  seq: z.number(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.unknown()).default({}),
});
export type AuditEvent = z.infer<typeof auditEvent>;

export const apiToken = z.looseObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.string(),
  lastUsedAt: when,
  revokedAt: when,
});
export type ApiToken = z.infer<typeof apiToken>;

/** Null when the answer is a repetition. */
export const issuedApiToken = apiToken.extend({ token: z.string().nullable() });

export const operator = z.looseObject({
  id: z.string(),
  username: z.string(),
  roles: z.array(z.string()),
  hasPassword: z.boolean(),
  identity: z.looseObject({}).nullable(),
  createdAt: z.string(),
  disabledAt: when,
});
export type Operator = z.infer<typeof operator>;

export const webhook = z.looseObject({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
  disabledReason: text,
  failingSince: when,
  secret: text,
});
export type Webhook = z.infer<typeof webhook>;

export const webhookDelivery = z.looseObject({
  id: z.string(),
  event: z.string(),
  state: z.string(),
  attempts: z.number(),
  lastStatus: z.number().nullable().optional(),
  lastError: text,
  createdAt: z.string(),
});
export type WebhookDelivery = z.infer<typeof webhookDelivery>;

export const agent = z.looseObject({
  agentId: z.string(),
  siteLabel: z.string(),
  state: z.string(),
  createdAt: z.string(),
  lockedAt: when,
  lockReason: text,
  revokedAt: when,
  lastSeenAt: when,
  agentVersion: text,
  clockSkewMs: z.number().nullable().optional(),
  certificate: z.looseObject({ serial: z.string(), notAfter: z.string() }).nullable(),
});
export type Agent = z.infer<typeof agent>;

export const certificate = z.looseObject({
  serial: z.string(),
  generation: z.number(),
  state: z.string(),
  notBefore: z.string(),
  notAfter: z.string(),
});

export const onboardingCheck = z.looseObject({
  valid: z.boolean(),
  total: z.number(),
  errors: z.array(
    z.looseObject({
      row: z.number(),
      line: z.number().nullable().optional(),
      column: z.string(),
      code: z.string(),
      detail: z.string(),
    }),
  ),
});
export type OnboardingCheck = z.infer<typeof onboardingCheck>;

export const onboarding = z.looseObject({
  id: z.string(),
  state: z.string(),
  total: z.number(),
  done: z.number(),
  failed: z.number(),
  downloadUntil: when,
  passphrase: text,
});
export type Onboarding = z.infer<typeof onboarding>;

export const onboardingRow = z.looseObject({
  number: z.number(),
  name: z.string(),
  label: text,
  state: z.string(),
  fingerprint: text,
  errorCode: text,
  errorDetail: text,
});

export const authority = z.looseObject({
  deployment: z.string(),
  step: z.string(),
  revision: z.number(),
  bundleVersion: z.number(),
  changedAt: z.string(),
  changedBy: z.string(),
  certificates: z.array(
    z.looseObject({
      role: z.string(),
      generation: z.number(),
      issuing: z.boolean(),
      trusted: z.boolean(),
      notAfter: z.string(),
    }),
  ),
  agents: z.looseObject({ seen: z.number(), acknowledged: z.number(), onIssuingCa: z.number() }),
  brokers: z.looseObject({ alive: z.number(), current: z.number() }),
});
export type Authority = z.infer<typeof authority>;

export const missingAgent = z.looseObject({
  siteLabel: z.string(),
  siteName: z.string(),
  agentId: z.string(),
  seenAt: z.string(),
  bundleVersion: z.number(),
  otherCa: z.boolean(),
});
export type MissingAgent = z.infer<typeof missingAgent>;

export const siteEvent = z.looseObject({
  id: z.string(),
  position: z.string(),
  siteLabel: z.string(),
  type: z.string(),
  sourceId: text,
  siteTime: when,
  arrivedAt: z.string(),
  occurrencePeriod: z.string(),
  details: z.record(z.string(), z.unknown()),
});
export type SiteEvent = z.infer<typeof siteEvent>;

export const alarm = z.looseObject({
  id: z.string(),
  siteId: z.string(),
  sourceId: z.string(),
  raisedAt: z.string(),
  state: z.string(),
  acknowledgedBy: text,
  delivery: z.string(),
  deliveryReason: text,
});
export type Alarm = z.infer<typeof alarm>;

export const streamAccount = z.looseObject({
  id: z.string(),
  name: z.string(),
  username: z.string(),
  cameraIds: z.array(z.string()),
  siteIds: z.array(z.string()),
  usages: z.array(z.string()),
  level: z.number(),
  expiresAt: when,
  passwordSetAt: when,
  revokedAt: when,
  lastUsedAt: when,
});
export type StreamAccount = z.infer<typeof streamAccount>;

/** The last three are null when the answer is a repetition. */
export const streamAccountWithPassword = streamAccount.extend({
  password: text,
  urls: z.array(z.looseObject({ url: z.string() })).nullable(),
  urlTemplate: text,
});
