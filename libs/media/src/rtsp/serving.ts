import type { Hub } from '../hub/hub.js';
import type { DigestCredentials } from './digest.js';
import type { DatagramOutlets, RefusedOffer, TransportReason } from './negotiation.js';
import type { Transport } from './transport.js';
import type { ReplaySource } from '../replay/replay-source.js';
import type { ReplayViewerOptions } from '../replay/replay-viewer.js';
import type { ViewerOptions, ViewerStats } from './viewer.js';

export interface ResolveRequest {
  method: string;
  /** As the client sent it. */
  url: string;
  /** Decoded, without track suffix and trailing slash; begins with a slash. */
  path: string;
  query: URLSearchParams;
  remoteAddress: string;
  authorization: string | undefined;
  /** What the client has answered to a Digest challenge of this connection. */
  credentials?: DigestCredentials | undefined;
  /** The client asks for replay as ONVIF describes it: a live stream is not what it wants. */
  onvifReplay: boolean;
}

export interface Refusal {
  /** RTSP status; its reason phrase is `reason`. */
  status: number;
  /** Stable code for logs and the X-Error-Code header. */
  code: string;
  reason: string;
  /** For 401: the WWW-Authenticate header. */
  challenge?: string;
  /** For 401: the client is asked for user and password by Digest. */
  digest?: boolean;
}

/** Who may watch what: the resolver knows it, and whoever lists viewers. Passed through unread. */
export interface ViewerGrant {
  tenantId: string;
  /** Whom the ticket was issued to. */
  user: string;
  /** 1 is the highest. */
  level: number;
  /** Undefined for a right that is no ticket. */
  ticketId: string | undefined;
  siteId: string;
  cameraId: string;
  /** `<site>`, `<camera>` and `<usage>` of the stream URL. */
  site: string;
  camera: string;
  usage: string;
}

export type BrowserTransport = 'mse' | 'hls' | 'webrtc';

/** One who is about to play. */
export interface Entrant {
  readonly transport: Transport | BrowserTransport | 'file';
  /** Sent to it so far. */
  bytes(): number;
  /** Those who have the same one are sent everything once, together. */
  readonly shared?: object;
  /** Ends it because its place is another's now. */
  end(code: string): void;
}

/** A right to be sent media. */
export interface Place {
  /** Gives it back; harmless when repeated. */
  leave(): void;
}

/** Asked at every beginning of playing; at once, so that no two can have the same place. */
export type Admit = (entrant: Entrant) => Place | { refuse: Refusal };

interface Granted {
  /** Takes the right back: the viewer's connection is cut with the code `viewer-revoked`. */
  ended?: AbortSignal;
  /** Without it everybody plays who has the right to. */
  admit?: Admit;
  grant?: ViewerGrant;
}

export type Resolution = ({ hub: Hub } & Granted) | ({ replay: ReplaySource } & Granted) | { refuse: Refusal };

export interface ViewerInfo {
  id: string;
  path: string;
  remoteAddress: string;
  userAgent: string | undefined;
  /** How the media reaches the viewer: of RTP over RTSP, or a browser's. */
  transport: Transport | BrowserTransport;
  /** The RTSP connection, and with it all of TCP's RTP, is inside TLS. */
  encrypted: boolean;
  /** Why it is that transport and no better one. */
  reason: TransportReason;
  /** The better transport that the client asked for first. */
  fallbackFrom: Transport | undefined;
  kind: 'live' | 'playback';
  /** Undefined where the resolver tells none. */
  grant: ViewerGrant | undefined;
  stats: ViewerStats;
  /** Ends it; the viewer learns the code where its protocol can tell one. Harmless when repeated. */
  end(code: string): void;
}

/** What is known of a viewer before it is let in. */
export type ViewerOrigin = Omit<ViewerInfo, 'id' | 'grant' | 'stats' | 'end'>;

export interface RtspServerListener {
  viewerStarted?(viewer: ViewerInfo): void;
  /** `code` is `viewer-closed` for an ordinary end. */
  viewerStopped?(viewer: ViewerInfo, code: string): void;
  /** A request was answered with something else than 200. */
  refused?(status: number, code: string, remoteAddress: string): void;
  /** An offer of a SETUP was not taken. */
  offerRefused?(offer: RefusedOffer): void;
}

export interface RtspServerOptions extends ViewerOptions, ReplayViewerOptions {
  /** A connection must have shown a right to some stream by then. */
  authenticationTimeoutMs: number;
  maxConnections: number;
  /** Connections that have not shown a right yet. When they are full, the address with the most of them loses its oldest. */
  maxUnauthenticated: number;
  /** Bytes of answers that a client has not taken. */
  maxUnreadAnswerBytes: number;
  maxHeaderBytes: number;
  maxBodyBytes: number;
  /** Requests of one connection that wait for their turn. */
  maxQueuedRequests: number;
  sweepMs: number;
  serverName: string;
  /** Of Digest challenges. */
  realm: string;
}

/** Decides what a URL means and whether this client may see it. */
export type Resolve = (request: ResolveRequest) => Promise<Resolution>;

/** What a connection needs of the server that accepted it. */
export interface Serving {
  readonly options: RtspServerOptions;
  readonly resolve: Resolve;
  readonly listener: RtspServerListener;
  /** Without it RTP goes inside the connection only. */
  readonly datagrams?: DatagramOutlets;
}

/** What is the same of all viewers in browsers: the page chooses its transport, and TLS is the proxy's before it. */
export const browserViewer = (
  transport: BrowserTransport,
  userAgent: string | undefined,
): Pick<ViewerInfo, 'kind' | 'transport' | 'encrypted' | 'reason' | 'fallbackFrom' | 'userAgent'> => ({
  kind: 'live',
  transport,
  encrypted: false,
  reason: 'client-choice',
  fallbackFrom: undefined,
  userAgent: userAgent?.slice(0, 200),
});
