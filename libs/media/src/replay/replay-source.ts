import type { MediaError } from '../errors.js';
import type { StreamDescription } from '../stream-description.js';

/** A recording that can be played. Every opening is a session of its own: it has a position and a speed. */
export interface ReplaySource {
  /** Rejects with a MediaError. `signal` ends the opening only. */
  open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay>;
}

/** Where a replay's packets go, in the order of the wire. Nothing is ever left out. */
export interface ReplaySink {
  /** Complete RTP packets of one track. */
  packets(track: number, packets: Buffer[]): void;
  /** One compound RTCP packet of one track, unchanged. */
  control(track: number, packet: Buffer): void;
  /** Told once, not after `close`. */
  ended(error: MediaError): void;
}

/** What a viewer asks of a replay. */
export interface ReplayRequest {
  method: 'PLAY' | 'PAUSE';
  /** Low byte of the viewer's CSeq: the device writes it into its packets (ONVIF Streaming section 6.3). */
  cseq: number;
  /** Tracks that the viewer wants; read with the first PLAY. */
  tracks: number[];
  /** Of `requestFields`, with the names as the viewer wrote them in lower case. */
  headers: Record<string, string>;
}

export interface ReplayAnswer {
  /** RTSP status of the recording device. */
  status: number;
  reason: string;
  /** Of `answerFields`, names in lower case. */
  headers: Record<string, string>;
  /** Where each track goes on, from RTP-Info. */
  starts: TrackStart[];
}

export interface TrackStart {
  track: number;
  sequence: number | undefined;
  timestamp: number | undefined;
}

export interface OpenReplay {
  description: StreamDescription;
  /**
   * `answered` is called in the order of the wire: packets told after it belong to the answer.
   * Rejects with a MediaError when no answer can come any more.
   */
  request(request: ReplayRequest, answered: (answer: ReplayAnswer) => void): Promise<void>;
  /** Stops reading: the device is held back by its own connection. */
  pause(): void;
  resume(): void;
  /** Harmless when repeated. */
  close(): Promise<void>;
}

/** Header fields that are passed on to the device (RFC 2326 section 12, ONVIF Streaming section 6). */
export const requestFields = ['range', 'scale', 'speed', 'rate-control', 'frames', 'immediate'] as const;
/** Header fields that are passed back. */
export const answerFields = ['range', 'scale', 'speed', 'rate-control'] as const;

const maxFieldLength = 256;

/** The named fields that are there and not too long. */
export function pickFields(
  get: (name: string) => string | undefined,
  names: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = get(name);
    if (value !== undefined && value.length <= maxFieldLength) picked[name] = value;
  }
  return picked;
}
