import type { SessionConfig } from './config.js';
import { SessionError } from './errors.js';
import { decodeFields, encodeFields, type FieldsOf } from './fields.js';
import {
  HELLO_FIELDS,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_DATA_PAYLOAD_BYTES,
  MAX_LANES,
  PROTOCOL_VERSION,
  WELCOME_FIELDS,
} from './frame.js';

/** What the agent tells about itself. `instanceId` is new for each process; `wallClockMs` since the epoch. */
export interface HelloInfo {
  readonly instanceId: string;
  readonly agentVersion: string;
  readonly platform: string;
  readonly wallClockMs: number;
}

/** What the broker answered; at the broker, what it answered itself. The limits are the peer's. */
export interface WelcomeInfo {
  readonly sessionId: string;
  readonly wallClockMs: number;
  readonly version: number;
  /** In force: both ends announced them. */
  readonly features: number;
  readonly limits: { readonly maxDataBytes: number; readonly maxChannels: number };
}

export type HelloFields = FieldsOf<typeof HELLO_FIELDS>;

/** Which lane a HELLO is for: the first of a new session, or with a proof one of a session that is there. */
export interface LaneClaim {
  readonly features: number;
  readonly lane: number;
  readonly resume?: { readonly sessionId: string; readonly proof: string };
}

export function encodeHello(hello: HelloInfo, config: SessionConfig, claim: LaneClaim): Buffer {
  const { resume } = claim;
  return encodeFields(HELLO_FIELDS, {
    minVersion: PROTOCOL_VERSION,
    maxVersion: PROTOCOL_VERSION,
    features: claim.features,
    maxDataBytes: config.maxDataBytes,
    maxChannels: config.maxChannels,
    lane: claim.lane,
    instanceId: hello.instanceId,
    agentVersion: hello.agentVersion,
    platform: hello.platform,
    wallClockMs: hello.wallClockMs,
    ...(resume === undefined ? {} : { resumeSessionId: resume.sessionId, resumeProof: resume.proof }),
  });
}

/**
 * @param resumable this side can take further lanes and resumed sessions
 * @throws SessionError `bad-field`, `version-mismatch`, `not-implemented`.
 */
export function decodeHello(payload: Buffer, resumable: boolean): HelloFields {
  const hello = decodeFields(HELLO_FIELDS, payload);
  if (hello.minVersion > PROTOCOL_VERSION || hello.maxVersion < PROTOCOL_VERSION) {
    throw new SessionError('version-mismatch', `this side speaks version ${PROTOCOL_VERSION}`);
  }
  if (!resumable && hello.lane > 0) throw new SessionError('not-implemented', 'a second lane');
  if (!resumable && hello.resumeSessionId !== undefined)
    throw new SessionError('not-implemented', 'resuming a session');
  if (hello.lane >= MAX_LANES) throw new SessionError('bad-field', 'lane is out of range');
  if (hello.lane > 0 && hello.resumeSessionId === undefined)
    throw new SessionError('bad-field', 'a lane of no session');
  if ((hello.resumeSessionId === undefined) !== (hello.resumeProof === undefined))
    throw new SessionError('bad-field', 'a resume takes an id and a proof');
  checkLimits(hello.maxDataBytes);
  return hello;
}

export interface WelcomeClaim {
  readonly sessionId: string;
  readonly wallClockMs: number;
  readonly features: number;
  /** base64url */
  readonly resumeSecret?: string | undefined;
}

export function encodeWelcome(claim: WelcomeClaim, config: SessionConfig): Buffer {
  const { sessionId, wallClockMs, features, resumeSecret } = claim;
  return encodeFields(WELCOME_FIELDS, {
    version: PROTOCOL_VERSION,
    features,
    maxDataBytes: config.maxDataBytes,
    maxChannels: config.maxChannels,
    sessionId,
    wallClockMs,
    ...(resumeSecret === undefined ? {} : { resumeSecret }),
  });
}

/** @throws SessionError `bad-field`, `version-mismatch`. */
export function decodeWelcome(payload: Buffer): { info: WelcomeInfo; resumeSecret: string | undefined } {
  const { version, features, maxDataBytes, maxChannels, sessionId, wallClockMs, resumeSecret } = decodeFields(
    WELCOME_FIELDS,
    payload,
  );
  if (version !== PROTOCOL_VERSION) throw new SessionError('version-mismatch', `the broker chose ${version}`);
  checkLimits(maxDataBytes);
  const info = { sessionId, wallClockMs, version, features, limits: { maxDataBytes, maxChannels } };
  return { info, resumeSecret };
}

function checkLimits(maxDataBytes: number): void {
  if (maxDataBytes < MAX_CONTROL_PAYLOAD_BYTES || maxDataBytes > MAX_DATA_PAYLOAD_BYTES) {
    throw new SessionError('bad-field', 'maxDataBytes is out of range');
  }
}
