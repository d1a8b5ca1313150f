import type { SessionConfig } from './config.js';
import { SessionError } from './errors.js';
import { decodeFields, encodeFields, type FieldsOf } from './fields.js';
import {
  HELLO_FIELDS,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_DATA_PAYLOAD_BYTES,
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
  readonly features: number;
  readonly limits: { readonly maxDataBytes: number; readonly maxChannels: number };
}

export type HelloFields = FieldsOf<typeof HELLO_FIELDS>;

/** SPEC 0.x has no features to offer. */
const FEATURES = 0;

export function encodeHello(hello: HelloInfo, config: SessionConfig): Buffer {
  return encodeFields(HELLO_FIELDS, {
    minVersion: PROTOCOL_VERSION,
    maxVersion: PROTOCOL_VERSION,
    features: FEATURES,
    maxDataBytes: config.maxDataBytes,
    maxChannels: config.maxChannels,
    lane: 0,
    instanceId: hello.instanceId,
    agentVersion: hello.agentVersion,
    platform: hello.platform,
    wallClockMs: hello.wallClockMs,
  });
}

/** @throws SessionError `bad-field`, `version-mismatch`, `not-implemented`. */
export function decodeHello(payload: Buffer): HelloFields {
  const hello = decodeFields(HELLO_FIELDS, payload);
  if (hello.minVersion > PROTOCOL_VERSION || hello.maxVersion < PROTOCOL_VERSION) {
    throw new SessionError('version-mismatch', `this side speaks version ${PROTOCOL_VERSION}`);
  }
  if (hello.lane > 0) throw new SessionError('not-implemented', 'a second lane');
  if (hello.resumeSessionId !== undefined) throw new SessionError('not-implemented', 'resuming a session');
  checkLimits(hello.maxDataBytes);
  return hello;
}

export function encodeWelcome(sessionId: string, wallClockMs: number, config: SessionConfig): Buffer {
  return encodeFields(WELCOME_FIELDS, {
    version: PROTOCOL_VERSION,
    features: FEATURES,
    maxDataBytes: config.maxDataBytes,
    maxChannels: config.maxChannels,
    sessionId,
    wallClockMs,
  });
}

/** @throws SessionError `bad-field`, `version-mismatch`. */
export function decodeWelcome(payload: Buffer): WelcomeInfo {
  const { version, features, maxDataBytes, maxChannels, sessionId, wallClockMs } = decodeFields(
    WELCOME_FIELDS,
    payload,
  );
  if (version !== PROTOCOL_VERSION) throw new SessionError('version-mismatch', `the broker chose ${version}`);
  checkLimits(maxDataBytes);
  return { sessionId, wallClockMs, version, features, limits: { maxDataBytes, maxChannels } };
}

function checkLimits(maxDataBytes: number): void {
  if (maxDataBytes < MAX_CONTROL_PAYLOAD_BYTES || maxDataBytes > MAX_DATA_PAYLOAD_BYTES) {
    throw new SessionError('bad-field', 'maxDataBytes is out of range');
  }
}
