export { bridge, type BridgeEnd } from './bridge.js';
export { Budget } from './budget.js';
export type { Channel, ChannelEnd } from './channel.js';
export { type ChannelInfo, type ClassStats, type ClassTotals, noClassTotals } from './channel-accounts.js';
export type { OpenOptions } from './channel-table.js';
export { type Clock, DEFAULT_CONFIG, type SessionConfig } from './config.js';
export { channelDuplex } from './duplex.js';
export {
  ChannelResetError,
  OPEN_CODES,
  type OpenCode,
  OpenRefusedError,
  RESET_CODES,
  type ResetCode,
  SESSION_CODES,
  type SessionCode,
  SessionError,
  SessionRefusedError,
} from './errors.js';
export { CHANNEL_CLASS, type ChannelClass, PROTOCOL_VERSION } from './frame.js';
export type { HelloInfo, WelcomeInfo } from './handshake.js';
export type { OpenRequest } from './open-request.js';
export { LANE_EXPORTER_BYTES, LANE_EXPORTER_LABEL } from './resume-secret.js';
export { SendBudget } from './send-budget.js';
export { Session } from './session.js';
export type {
  Admission,
  AdmittedHello,
  AttachOptions,
  CloseReason,
  DrainOptions,
  GoawayInfo,
  Role,
  SessionOptions,
  SessionStats,
} from './session-options.js';
export { SocketReads } from './socket-reads.js';
export type { SessionState } from './state.js';
export { UplinkCap } from './uplink-cap.js';
