/**
 * The wire as one page: SPEC.md sections 2 to 4 in numbers. A test compares this file with the tables of SPEC.md.
 * Header, big-endian: type u8 | flags u8 | channel u32 | offset u64 (at most 2^53 - 1) | length u32.
 */

/** 1: first version, SPEC 0.x and 1.0. Later abilities are features, not versions, unless the header changes. */
export const PROTOCOL_VERSION = 1;

export const HEADER_BYTES = 18;
/** Largest payload of any frame but DATA, and of every frame before WELCOME. */
export const MAX_CONTROL_PAYLOAD_BYTES = 4096;
export const MAX_DATA_PAYLOAD_BYTES = 65_536;
export const MAX_OFFSET = Number.MAX_SAFE_INTEGER;
export const MAX_CHANNEL_ID = 0xffff_ffff;
/** Lanes of one session; their indexes are 0 to 7. */
export const MAX_LANES = 8;

/** A frame of unknown type that carries it is skipped; without it, it ends the session. */
export const FLAG_OPTIONAL = 0x01;

export const FRAME = {
  HELLO: 0x01,
  WELCOME: 0x02,
  CLOSE: 0x03,
  GOAWAY: 0x04,
  PING: 0x05,
  PONG: 0x06,
  LANE_ACK: 0x07,
  RESUME_TABLE: 0x08,
  OPEN: 0x10,
  ACCEPT: 0x11,
  REFUSE: 0x12,
  DATA: 0x13,
  MAX_DATA: 0x14,
  FIN: 0x15,
  RESET: 0x16,
  STOP: 0x17,
  ACK: 0x18,
} as const;

/** Types from here on belong to a channel; those below carry channel id 0. */
export const FIRST_CHANNEL_FRAME = 0x10;

/** Bits of the `features` field; in force when both ends announced them. 0.x announces none. */
export const FEATURE = { LANES: 0x01, RESUME: 0x02, LANE_ACK: 0x04 } as const;

export const CHANNEL_CLASS = { control: 0, live: 1, events: 2, playback: 3, bulk: 4 } as const;
export type ChannelClass = keyof typeof CHANNEL_CLASS;

/** `max`: bytes of a text, greatest value of a number. */
export interface FieldSpec {
  readonly tag: number;
  readonly kind: 'text' | 'u32' | 'u53';
  readonly max: number;
  readonly required: boolean;
}
export type FieldTable = Readonly<Record<string, FieldSpec>>;

const U32 = 0xffff_ffff;

export const HELLO_FIELDS = {
  minVersion: { tag: 1, kind: 'u32', max: U32, required: true },
  maxVersion: { tag: 2, kind: 'u32', max: U32, required: true },
  features: { tag: 3, kind: 'u53', max: MAX_OFFSET, required: true },
  maxDataBytes: { tag: 4, kind: 'u32', max: U32, required: true },
  maxChannels: { tag: 5, kind: 'u32', max: U32, required: true },
  lane: { tag: 6, kind: 'u32', max: 255, required: true },
  instanceId: { tag: 7, kind: 'text', max: 64, required: true },
  agentVersion: { tag: 8, kind: 'text', max: 64, required: true },
  platform: { tag: 9, kind: 'text', max: 128, required: true },
  wallClockMs: { tag: 10, kind: 'u53', max: MAX_OFFSET, required: true },
  resumeSessionId: { tag: 11, kind: 'text', max: 64, required: false },
  resumeProof: { tag: 12, kind: 'text', max: 64, required: false },
} as const satisfies FieldTable;

export const WELCOME_FIELDS = {
  version: { tag: 1, kind: 'u32', max: U32, required: true },
  features: { tag: 2, kind: 'u53', max: MAX_OFFSET, required: true },
  maxDataBytes: { tag: 3, kind: 'u32', max: U32, required: true },
  maxChannels: { tag: 4, kind: 'u32', max: U32, required: true },
  sessionId: { tag: 5, kind: 'text', max: 64, required: true },
  wallClockMs: { tag: 6, kind: 'u53', max: MAX_OFFSET, required: true },
  resumeSecret: { tag: 7, kind: 'text', max: 64, required: false },
} as const satisfies FieldTable;

export const CLOSE_FIELDS = {
  code: { tag: 1, kind: 'text', max: 64, required: true },
  detail: { tag: 2, kind: 'text', max: 512, required: false },
  retryAfterMs: { tag: 3, kind: 'u32', max: U32, required: false },
} as const satisfies FieldTable;

export const GOAWAY_FIELDS = {
  reason: { tag: 1, kind: 'text', max: 64, required: true },
  lastAcceptedId: { tag: 2, kind: 'u32', max: U32, required: true },
  drainDeadlineMs: { tag: 3, kind: 'u32', max: U32, required: true },
  reconnectAfterMs: { tag: 4, kind: 'u32', max: U32, required: false },
} as const satisfies FieldTable;

export const OPEN_FIELDS = {
  service: { tag: 1, kind: 'text', max: 64, required: true },
  class: { tag: 2, kind: 'u32', max: 4, required: true },
  label: { tag: 3, kind: 'text', max: 256, required: false },
  traceparent: { tag: 4, kind: 'text', max: 64, required: false },
} as const satisfies FieldTable;

/** Payload of REFUSE, RESET and STOP. */
export const CODE_FIELDS = {
  code: { tag: 1, kind: 'text', max: 64, required: true },
  detail: { tag: 2, kind: 'text', max: 512, required: false },
} as const satisfies FieldTable;
