import type { SiteEvent } from '../site/site-event.js';
import type { NewEvent } from './stored-event.js';

/** Of the JSON of an event's details; what federation hosts take. */
const MAX_DETAILS_BYTES = 16_000;
const MAX_NAME_LENGTH = 200;
/** Beyond them a protobuf timestamp cannot tell a time. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T00:00:00Z');

export interface EventQueueLimits {
  maxEvents: number;
  maxBytes: number;
}

/** What waits for the disk: bounded; what finds it full is counted with the next event that does not. */
export class EventQueue {
  readonly #waiting: NewEvent[] = [];
  #bytes = 0;
  #lost = 0;

  constructor(private readonly limits: EventQueueLimits) {}

  get size(): number {
    return this.#waiting.length;
  }

  /** Lost, and not told to the store yet. */
  get lost(): number {
    return this.#waiting.reduce((sum, { lostBefore }) => sum + lostBefore, this.#lost);
  }

  /** @returns false when the event is lost */
  push(event: SiteEvent): boolean {
    const encoded = { ...encode(event), lostBefore: this.#lost };
    const bytes = sizeOf(encoded);
    if (this.size >= this.limits.maxEvents || this.#bytes + bytes > this.limits.maxBytes) {
      this.#lost += 1;
      return false;
    }
    this.#lost = 0;
    this.#bytes += bytes;
    this.#waiting.push(encoded);
    return true;
  }

  /** Before all that waits, whatever the limits. */
  pushFirst(events: readonly SiteEvent[]): void {
    const encoded = events.map((event) => ({ ...encode(event), lostBefore: 0 }));
    this.#waiting.unshift(...encoded);
    this.#bytes += encoded.reduce((sum, event) => sum + sizeOf(event), 0);
  }

  take(count: number): NewEvent[] {
    const taken = this.#waiting.splice(0, count);
    this.#bytes -= taken.reduce((sum, event) => sum + sizeOf(event), 0);
    return taken;
  }

  /** What was taken cannot be kept. */
  giveUp(events: readonly NewEvent[]): void {
    const count = events.reduce((sum, { lostBefore }) => sum + lostBefore + 1, 0);
    const [next] = this.#waiting;
    if (next === undefined) this.#lost += count;
    else next.lostBefore += count;
  }
}

const sizeOf = ({ type, sourceId, details }: NewEvent): number => type.length + sourceId.length + details.length + 50;

/** Whatever a connector says becomes something that can be kept: nothing that waits may fail for its content. */
const encode = ({ type, sourceId, at, details }: SiteEvent): Omit<NewEvent, 'lostBefore'> => ({
  type: type.slice(0, MAX_NAME_LENGTH),
  sourceId: sourceId.slice(0, MAX_NAME_LENGTH),
  atMs: timeOf(at),
  details: details === undefined ? '' : encodeDetails(details),
});

const timeOf = (at: Date): number => {
  const ms = at.getTime();
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? ms : Date.now();
};

const encodeDetails = (details: object): string => {
  try {
    const text = JSON.stringify(details);
    const bytes = Buffer.byteLength(text);
    return bytes <= MAX_DETAILS_BYTES ? text : JSON.stringify({ omitted: 'too-large', bytes });
  } catch {
    return JSON.stringify({ omitted: 'not-json' });
  }
};
