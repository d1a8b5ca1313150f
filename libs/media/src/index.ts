export type { AccessUnit, SenderReport } from './access-unit.js';
export { asMediaError, MediaError, type MediaErrorCode } from './errors.js';
export {
  Hub,
  hubDefaults,
  type HubOptions,
  type HubState,
  type HubStats,
  type Outlet,
  type Subscription,
} from './hub/hub.js';
export { HubRegistry } from './hub/hub-registry.js';
export {
  LinkServer,
  linkServerDefaults,
  type Authorise,
  type LinkDecision,
  type LinkServerOptions,
} from './link/link-server.js';
export {
  LinkSource,
  linkSourceDefaults,
  type LinkConnect,
  type LinkConnection,
  type LinkSourceOptions,
} from './link/link-source.js';
export { ReplayLinkSource, replayLinkDefaults, type ReplayLinkOptions } from './link/replay-link-source.js';
export { formatClock, parseClock, parseRecordedRange, type RecordedRange } from './replay/clock-range.js';
export type { OpenReplay, ReplayAnswer, ReplayRequest, ReplaySink, ReplaySource } from './replay/replay-source.js';
export { RtspReplaySource, type RtspReplaySourceOptions } from './replay/rtsp-replay-source.js';
export { RtspClient, rtspClientDefaults, type RtspClientListener, type RtspClientOptions } from './rtsp/client.js';
export { Authorization, type Credentials } from './rtsp/authorization.js';
export { splitCredentials } from './rtsp/control-url.js';
export { RtspServer, rtspServerDefaults } from './rtsp/server.js';
export type {
  Refusal,
  Resolution,
  Resolve,
  ResolveRequest,
  RtspServerListener,
  RtspServerOptions,
  ViewerInfo,
} from './rtsp/serving.js';
export type { ViewerStats } from './rtsp/viewer.js';
export { parseClip, splitAnnexB, type Clip, type ClipFrame } from './source/clip.js';
export { ClipSource, type ClipSourceOptions } from './source/clip-source.js';
export { RtspSource, rtspSourceDefaults, type RtspSourceOptions } from './source/rtsp-source.js';
export type { OpenSource, Source, SourceListener } from './source/source.js';
export {
  formatDescription,
  parseDescription,
  type StreamDescription,
  type Track,
  type TrackKind,
} from './stream-description.js';
