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
export { RtspClient, rtspClientDefaults, type RtspClientListener, type RtspClientOptions } from './rtsp/client.js';
export type { Credentials } from './rtsp/authorization.js';
export {
  RtspServer,
  rtspServerDefaults,
  type Refusal,
  type Resolution,
  type Resolve,
  type ResolveRequest,
  type RtspServerListener,
  type RtspServerOptions,
  type ViewerInfo,
} from './rtsp/server.js';
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
