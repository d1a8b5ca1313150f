export type { AccessUnit, SenderReport } from './access-unit.js';
export { MulticastGroups, type MulticastOptions } from './delivery/multicast.js';
export { Networks, type NetworkRule, type NetworkRules, type RouteRule } from './delivery/networks.js';
export type { PacerOptions } from './delivery/pacer.js';
export { UdpPorts } from './delivery/udp-ports.js';
export {
  exportDefaults,
  RecordingExport,
  type ExportOptions,
  type ExportSummary,
  type ExportTarget,
} from './export/recording-export.js';
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
export type { Feed, LinkPressure } from './link/feed.js';
export { quantilesOf, type Quantiles } from './hub/recent-values.js';
export type { SourceFigures } from './hub/source-meter.js';
export { HubRegistry, type HubTotals } from './hub/hub-registry.js';
export {
  LinkServer,
  linkServerDefaults,
  type Authorise,
  type LinkDecision,
  type LinkServerOptions,
} from './link/link-server.js';
export type { HopFigures } from './link/hop-figures.js';
export type { LinkConnect, LinkConnection } from './link/cloud-link.js';
export { LinkSource, linkSourceDefaults, type LinkSourceOptions } from './link/link-source.js';
export { playerDefaults, PlayerOutlet, type PlayerChannel, type PlayerOptions } from './mse/player-outlet.js';
export { ReplayPlayer, replayPlayerDefaults, type ReplayPlayerOptions, type ReplayWish } from './mse/replay-player.js';
export { isReordered } from './webrtc/reordering.js';
export { asksForKeyframe, WebRtcOutlet, webRtcSound, webRtcTrack, type WebRtcTargets } from './webrtc/webrtc-outlet.js';
export type { WebRtcTarget } from './webrtc/webrtc-track.js';
export { ReplayLinkSource, replayLinkDefaults, type ReplayLinkOptions } from './link/replay-link-source.js';
export { formatClock, parseClock, parseRecordedRange, type RecordedRange } from './replay/clock-range.js';
export type { OpenReplay, ReplayAnswer, ReplayRequest, ReplaySink, ReplaySource } from './replay/replay-source.js';
export type { ReceptionStats } from './reception/reception.js';
export { RtspReplaySource, type RtspReplaySourceOptions } from './replay/rtsp-replay-source.js';
export { RtspClient, rtspClientDefaults, type RtspClientListener, type RtspClientOptions } from './rtsp/client.js';
export { Authorization, type Credentials } from './rtsp/authorization.js';
export type { DigestCredentials } from './rtsp/digest.js';
export { dialRtsp } from './rtsp/dial.js';
export { splitCredentials } from './rtsp/control-url.js';
export type { DatagramOutlets, OfferRefusal, Peer, RefusedOffer, TransportReason } from './rtsp/negotiation.js';
export { peerOf, RtspServer, rtspServerDefaults } from './rtsp/server.js';
export type {
  Admit,
  Entrant,
  Place,
  Refusal,
  Resolution,
  Resolve,
  ResolveRequest,
  RtspServerListener,
  RtspServerOptions,
  ViewerGrant,
  ViewerInfo,
  ViewerOrigin,
} from './rtsp/serving.js';
export { transports, type Transport } from './rtsp/transport.js';
export { browserViewer } from './rtsp/serving.js';
export { newStats, type ViewerStats } from './rtsp/viewer.js';
export { parseClip, splitAnnexB, type Clip, type ClipFrame } from './source/clip.js';
export { ClipSource, type ClipSourceOptions } from './source/clip-source.js';
export {
  cameraTransports,
  RtspSource,
  rtspSourceDefaults,
  type CameraTransport,
  type RtspSourceOptions,
} from './source/rtsp-source.js';
export type { OpenSource, Source, SourceListener } from './source/source.js';
export { Turns } from './source/turns.js';
export {
  formatDescription,
  parseDescription,
  type StreamDescription,
  type Track,
  type TrackKind,
} from './stream-description.js';
export type { Rendition } from './rendition.js';
export {
  AutomaticFeed,
  type AutomaticFeedOptions,
  type LowReason,
  type RenditionHub,
} from './uplink/automatic-feed.js';
export { Line, lineDefaults, type LineMember, type LineOptions } from './uplink/line.js';
export { RenditionControl, renditionDefaults, type RenditionOptions } from './uplink/rendition-control.js';
export { WatchedFeed } from './uplink/watched-feed.js';
