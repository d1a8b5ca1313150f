/** All RTP packets of one access unit (video) or one packet (anything else), in the order of the wire. */
export interface AccessUnit {
  /** Position of the track in the stream description. */
  track: number;
  /** A decoder can start here. Always true for tracks without prediction. */
  key: boolean;
  /** Units were left out before this one, or the source began anew. */
  discontinuity: boolean;
  /** RTP timestamp, unsigned 32 bit, in units of the track's clock rate. */
  timestamp: number;
  /** When the last packet arrived at the redirector nearest to the camera: microseconds since 1970. */
  captureUs: number;
  /** Complete RTP packets. They belong to the receiver of the unit, which may rewrite their headers. */
  packets: Buffer[];
  /** Sum of the packets' lengths. */
  bytes: number;
}

/** The relation of a track's RTP clock to wall clock, from an RTCP sender report. */
export interface SenderReport {
  track: number;
  /** NTP time, 32.32 fixed point (RFC 3550 section 4). */
  ntp: bigint;
  /** RTP timestamp of the same moment. */
  timestamp: number;
}
