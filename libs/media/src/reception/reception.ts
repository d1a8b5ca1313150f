import type { AccessUnit, SenderReport } from '../access-unit.js';
import type { Track } from '../stream-description.js';

export interface ReceptionListener {
  unit(unit: AccessUnit): void;
  report(report: SenderReport): void;
  /** The camera said that it ends the stream. */
  bye(): void;
}

/** How the packets of a camera arrived so far, over all tracks. */
export interface ReceptionStats {
  transport: 'tcp' | 'udp';
  packets: number;
  /** Never came, or too late to be used; 0 over TCP. */
  lost: number;
  /** Came twice or too late. */
  late: number;
  /** Of the track with the most. */
  jitterMs: number;
}

/** The way on which a camera's packets come: within the RTSP connection, or beside it. */
export interface Reception {
  readonly stats: ReceptionStats;
  /** `performance.now()` of the last packet; undefined before the first. */
  readonly lastPacketAt: number | undefined;
  /** Makes ready for one more track. @returns the Transport header to ask for it with. @throws MediaError `udp-ports-exhausted` */
  offer(): Promise<string>;
  /**
   * What was offered last carries `track`. `granted` is the camera's Transport header.
   * @throws MediaError `camera-transport-refused` when the camera chose something else
   */
  accept(track: Track, granted: string | undefined): void;
  /** The camera refused what was offered last. */
  withdraw(): void;
  /** Everything that is offered by then is played; before the camera is asked to. */
  begin(): void;
  close(): void;
}
