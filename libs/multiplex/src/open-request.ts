import type { Channel } from './channel.js';
import type { ChannelClass } from './frame.js';

/** An OPEN of the peer that waits for our application, which must call `accept` or `refuse` once. */
export interface OpenRequest {
  readonly service: string;
  readonly class: ChannelClass;
  /** For the audit; empty when the peer sent none. */
  readonly label: string;
  /** W3C trace context of the caller. */
  readonly traceparent?: string;
  /** Aborted when the opener gave up or the session ended: stop dialling. */
  readonly signal: AbortSignal;
  /** Set the channel's handlers in the same turn, or later: bytes wait for them. After an abort the channel is already reset. */
  accept(): Channel;
  /** Harmless when the request is over. */
  refuse(code: string, detail?: string): void;
}
