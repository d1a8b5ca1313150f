import type { Duplex } from 'node:stream';
import type { Clock, SessionConfig } from './config.js';
import type { FieldsOf } from './fields.js';
import type { GOAWAY_FIELDS } from './frame.js';
import type { HelloInfo } from './handshake.js';
import type { OpenRequest } from './open-request.js';

export type Role = 'agent' | 'broker';

/** `skewMs`: the agent's wall clock minus ours; the way of the HELLO is included. */
export type AdmittedHello = HelloInfo & { readonly skewMs: number };

export type Admission =
  | { readonly sessionId: string }
  | { readonly refuse: { readonly code: string; readonly detail?: string; readonly retryAfterMs?: number } };

export interface SessionOptions {
  readonly role: Role;
  /** Any duplex; the session owns it from now on. TLS, and who is at the other end, are the caller's affair. */
  readonly transport: Duplex;
  /** Agent only. */
  readonly hello?: HelloInfo;
  /** Broker only; runs inside the handshake's timeout. */
  readonly admit?: (hello: AdmittedHello) => Promise<Admission>;
  /** Without it every OPEN of the peer is refused with `unknown-service`. */
  readonly onOpen?: (request: OpenRequest) => void;
  readonly config?: Partial<SessionConfig>;
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

export interface DrainOptions {
  readonly reason: string;
  readonly deadlineMs: number;
  readonly reconnectAfterMs?: number;
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
}
