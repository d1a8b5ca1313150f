import type { AccessUnit, SenderReport } from '../access-unit.js';
import type { MediaError } from '../errors.js';
import type { Rendition } from '../rendition.js';
import type { ReceptionStats } from '../reception/reception.js';
import type { StreamDescription } from '../stream-description.js';

/** What an open source tells. Nothing is told before `open` has resolved or after `ended`. */
export interface SourceListener {
  unit(unit: AccessUnit): void;
  report(report: SenderReport): void;
  /** The far side keeps the stream open while its own source is away, or has it back. May be repeated. */
  sourceState?(isUp: boolean, code: string): void;
  /** Which of the camera's streams follows from the next keyframe on. May be repeated. */
  rendition?(rendition: Rendition): void;
  /** The source is gone; the hub decides when to open it again. Told once. */
  ended(error: MediaError): void;
}

export interface OpenSource {
  description: StreamDescription;
  /** How its packets arrive, where it is a camera. */
  reception?(): ReceptionStats;
  /** Asks the far end for a keyframe where it can; best effort. */
  requestKeyframe(): void;
  /** Ends the stream and frees its socket. Harmless when repeated; `ended` is not told. */
  close(): Promise<void>;
}

/** Where a hub gets its stream: a camera, the other redirector, a clip. Can be opened again and again, one at a time. */
export interface Source {
  /** Rejects with a MediaError, also when `signal` aborts while opening. */
  open(listener: SourceListener, signal: AbortSignal): Promise<OpenSource>;
}
