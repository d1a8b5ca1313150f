export type { AccessUnit, SenderReport } from './access-unit.js';
export { MulticastGroups, type MulticastOptions } from './delivery/multicast.js';
export { Networks, type NetworkRule, type NetworkRules, type RouteRule } from './delivery/networks.js';
export type { PacerOptions } from './delivery/pacer.js';
export { UdpPorts } from './delivery/udp-ports.js';
export { asMediaError, MediaError, type MediaErrorCode } from './errors.js';
export {
  Hub,
  hubDefaults,
  type HubOptions,
  type HubState,
  type HubStats,
  type JoinMode,
  type Outlet,
  type Subscription,
} from './hub/hub.js';
export { HlsPackager, packagerDefaults, type PackagerOptions } from './hls/packager.js';
export { mediaPlaylist, multivariantPlaylist } from './hls/playlist.js';
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
export { playerDefaults, PlayerOutlet, type PlayerChannel, type PlayerOptions } from './mse/player-outlet.js';
export { ReplayPlayer, replayPlayerDefaults, type ReplayPlayerOptions, type ReplayWish } from './mse/replay-player.js';
export { isReordered } from './webrtc/reordering.js';
export { asksForKeyframe, WebRtcOutlet, webRtcSound, webRtcTrack, type WebRtcTargets } from './webrtc/webrtc-outlet.js';
export type { WebRtcTarget } from './webrtc/webrtc-track.js';
export { ReplayLinkSource, replayLinkDefaults, type ReplayLinkOptions } from './link/replay-link-source.js';
export { formatClock, parseClock, parseRecordedRange, type RecordedRange } from './replay/clock-range.js';
export type { OpenReplay, ReplayAnswer, ReplayRequest, ReplaySink, ReplaySource } from './replay/replay-source.js';
export { RtspReplaySource, type RtspReplaySourceOptions } from './replay/rtsp-replay-source.js';
export { RtspClient, rtspClientDefaults, type RtspClientListener, type RtspClientOptions } from './rtsp/client.js';
export { Authorization, type Credentials } from './rtsp/authorization.js';
export { splitCredentials } from './rtsp/control-url.js';
export type { DatagramOutlets, OfferRefusal, Peer, RefusedOffer, TransportReason } from './rtsp/negotiation.js';
export { peerOf, RtspServer, rtspServerDefaults } from './rtsp/server.js';
export type {
  Refusal,
  Resolution,
  Resolve,
  ResolveRequest,
  RtspServerListener,
  RtspServerOptions,
  ViewerInfo,
} from './rtsp/serving.js';
export { transports, type Transport } from './rtsp/transport.js';
export { browserViewer } from './rtsp/serving.js';
export { newStats, type ViewerStats } from './rtsp/viewer.js';
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
