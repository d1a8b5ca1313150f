import { MAX_DATA_PAYLOAD_BYTES } from './frame.js';

/** Every cap and every wait of a session. */
export interface SessionConfig {
  /** Receive window granted to a new channel. */
  readonly windowBytes: number;
  /** Up to here the window of a channel whose reader keeps up grows. */
  readonly maxWindowBytes: number;
  /** Sum of all windows granted. Past its half a new channel gets `minWindowBytes`; past that its OPEN is refused. */
  readonly budgetBytes: number;
  readonly minWindowBytes: number;
  /** Channels the peer may have open at once. */
  readonly maxChannels: number;
  readonly maxDataBytes: number;
  /** `Channel.write` answers false above this. */
  readonly sendBufferBytes: number;
  /** A writer that ignores false is reset here. */
  readonly sendBufferLimitBytes: number;
  /** Of all channels, in whole slabs, acknowledged or not: above it writers have to wait. */
  readonly sendBudgetBytes: number;
  /** Control frames waiting for a peer that does not read. */
  readonly controlQueueBytes: number;
  /** Bytes handed to the transport and not yet taken by the kernel. */
  readonly laneBacklogBytes: number;
  readonly handshakeTimeoutMs: number;
  /** The opener's wait for ACCEPT. */
  readonly openTimeoutMs: number;
  /** The acceptor's wait for its own application. */
  readonly acceptTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** Silence, or DATA without progress of LANE_ACK, that ends a lane; below 15 s by default so that detection stays within 15 s. */
  readonly deadAfterMs: number;
  /** A session without a lane waits this long for the agent to resume it. */
  readonly resumeWindowMs: number;
  /** Longest delay of a LANE_ACK that is not worth a frame of its own yet. */
  readonly laneAckDelayMs: number;
  /** The same of a channel's ACK. It only lets the peer forget what it keeps, so it need not be quick. */
  readonly ackDelayMs: number;
  /** Time the transport gets to flush CLOSE before it is destroyed. */
  readonly closeLingerMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_CONFIG: SessionConfig = {
  windowBytes: 256 * KIB,
  maxWindowBytes: 16 * MIB,
  budgetBytes: 128 * MIB,
  minWindowBytes: 64 * KIB,
  maxChannels: 1024,
  maxDataBytes: MAX_DATA_PAYLOAD_BYTES,
  sendBufferBytes: 256 * KIB,
  sendBufferLimitBytes: 4 * MIB,
  sendBudgetBytes: 64 * MIB,
  controlQueueBytes: MIB,
  laneBacklogBytes: 256 * KIB,
  handshakeTimeoutMs: 10_000,
  openTimeoutMs: 15_000,
  acceptTimeoutMs: 14_000,
  pingIntervalMs: 5_000,
  deadAfterMs: 14_000,
  resumeWindowMs: 30_000,
  laneAckDelayMs: 10,
  ackDelayMs: 100,
  closeLingerMs: 1_000,
};

/** Wall clock in ms since the epoch (shown to people, compared between hosts) and a steady one for intervals. */
export interface Clock {
  wallMs(): number;
  steadyMs(): number;
}

export const SYSTEM_CLOCK: Clock = { wallMs: () => Date.now(), steadyMs: () => performance.now() };
