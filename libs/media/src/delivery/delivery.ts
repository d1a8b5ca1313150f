import type { AccessUnit } from '../access-unit.js';
import type { Transport } from '../rtsp/transport.js';

/** What has been handed over and is still on its way out of this process. */
export interface Backlog {
  bytes: number;
  /** Age of the oldest of it. */
  ageMs: number;
  /** Since when nothing of it has left; 0 without any. */
  stalledMs: number;
}

/** The way of RTP to one viewer, or to one group of them. Units are shared: nothing here changes a packet. */
export interface Delivery {
  readonly transport: Transport;
  /** Not worth a call any more. */
  readonly isClosed: boolean;
  /** Sends a unit with its sequence numbers lowered by `missing`. @returns bytes, with the framing of the way */
  unit(unit: AccessUnit, missing: number, now: number): number;
  /** Sends an RTCP packet of a track. @returns bytes */
  control(track: number, packet: Buffer, now: number): number;
  backlog(now: number): Backlog;
  /** Frees what it holds; harmless when repeated. */
  close(): void;
}
