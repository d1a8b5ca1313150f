import type { Duplex } from 'node:stream';
import type { Budget } from './budget.js';
import type { ClassStats } from './channel-accounts.js';
import type { Clock, SessionConfig } from './config.js';
import type { FieldsOf } from './fields.js';
import type { ChannelClass, GOAWAY_FIELDS } from './frame.js';
import type { HelloFields, HelloInfo, WelcomeInfo } from './handshake.js';
import type { Lane } from './lane.js';
import type { OpenRequest } from './open-request.js';
import type { SendBudget } from './send-budget.js';
import type { UplinkCap } from './uplink-cap.js';

export type Role = 'agent' | 'broker';

/** `skewMs`: the agent's wall clock minus ours; the way of the HELLO is included. */
export type AdmittedHello = HelloInfo & {
  readonly skewMs: number;
  /** The agent wants to join or resume this session; whether it knows the secret is judged by the session itself. */
  readonly resumeSessionId?: string;
  /** 0: a new session, or a resumed one; above: a further lane. */
  readonly lane: number;
};

/** A session of this process that a further transport may join; it judges the secret itself. */
export interface Joinable {
  readonly welcomed: WelcomeInfo | undefined;
  /** @returns the code of the refusal */
  adopt: (lane: Lane, hello: HelloFields, exporter: Buffer) => string | undefined;
}

export type Admission =
  | { readonly sessionId: string }
  /** The transport becomes a lane of that session; `start` resolves and this object ends with `joined`. */
  | { readonly join: Joinable }
  | { readonly refuse: { readonly code: string; readonly detail?: string; readonly retryAfterMs?: number } };

export interface SessionOptions {
  readonly role: Role;
  /** Any duplex; the session owns it from now on. TLS, and who is at the other end, are the caller's affair. */
  readonly transport: Duplex;
  /**
   * TLS exporter of the transport (`LANE_EXPORTER_LABEL`). Without it this end offers neither lanes nor resume, and the
   * session ends with its transport.
   */
  readonly exporter?: Buffer;
  /** Agent only. */
  readonly hello?: HelloInfo;
  /** Broker only; runs inside the handshake's timeout. */
  readonly admit?: (hello: AdmittedHello) => Promise<Admission>;
  /** Without it every OPEN of the peer is refused with `unknown-service`. */
  readonly onOpen?: (request: OpenRequest) => void;
  readonly config?: Partial<SessionConfig>;
  /** Shared by the sessions of a process: the sum of their windows stays below it. */
  readonly budget?: Budget;
  /** Shared by the sessions of a process: what waits to be sent or acknowledged stays near it. */
  readonly sendBudget?: SendBudget;
  /** On all that this end writes; shared by the sessions of a site, and may be changed at any time. */
  readonly uplinkCap?: UplinkCap;
  readonly clock?: Clock;
}

export interface CloseReason {
  readonly code: string;
  readonly detail?: string;
  readonly retryAfterMs?: number;
  /** Who ended it: we, the peer's CLOSE, or the transport. */
  readonly by: 'local' | 'peer' | 'transport';
}

/** The peer drains: it takes no further OPEN and ends within `drainDeadlineMs`. */
export type GoawayInfo = Readonly<FieldsOf<typeof GOAWAY_FIELDS>>;

export interface SessionEvents {
  close: [reason: CloseReason];
  goaway: [info: GoawayInfo];
  rtt: [rttMs: number];
  /** The last lane is gone; `attach` within the resume window brings the session back. */
  suspended: [reason: CloseReason];
  resumed: [];
  /** Their number has changed. */
  lanes: [count: number];
  /** A handler of the application threw; its channel was reset with `internal-error`. */
  fault: [error: unknown];
}

export interface DrainOptions {
  readonly reason: string;
  readonly deadlineMs: number;
  readonly reconnectAfterMs?: number;
  /** This end goes on opening channels: while nobody else can reach the peer, that is the application's to decide. */
  readonly stillOpens?: boolean;
  /** The session stays without channels too, until `release` or the deadline: the peer opens the next one first. */
  readonly waitsForRelease?: boolean;
}

export interface AttachOptions {
  readonly transport: Duplex;
  readonly exporter: Buffer;
  /** `resume`: the first lane after all were lost; older ones that the broker still has end. */
  readonly as: 'resume' | 'lane';
}

/** Counters since the start; bytes are those of the transport, headers included. */
export interface SessionStats {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly channelsOpened: number;
  readonly channelsAccepted: number;
  readonly channelsRefused: number;
  /** Payload bytes that a lost lane made necessary again. */
  readonly bytesResent: number;
  readonly classes: Readonly<Record<ChannelClass, ClassStats>>;
  readonly lanes: number;
  /** What the path to the peer carried when it was last full; undefined while it never was. */
  readonly capacityBytesPerSecond: number | undefined;
  readonly lanesLost: number;
  readonly resumes: number;
}
