import { DomainError } from '@app/contracts';

/** Of one operator, in all of its sessions and tokens, in this process. */
const EACH = 6;
/** Of this process. */
const ALL = 300;

/** Streams that are open. */
export class StreamPlaces {
  private readonly taken = new Map<string, number>();
  private all = 0;

  /** @returns gives the place back; harmless when repeated. @throws DomainError `too-many-event-streams` */
  take(operatorId: string): () => void {
    const own = this.taken.get(operatorId) ?? 0;
    if (own >= EACH || this.all >= ALL) {
      const detail = own >= EACH ? `an operator may have ${EACH} streams of events open` : 'too many streams are open';
      throw new DomainError('too-many-event-streams', detail, { retryAfterMs: 10_000 });
    }
    this.taken.set(operatorId, own + 1);
    this.all += 1;
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      this.all -= 1;
      const left = (this.taken.get(operatorId) ?? 1) - 1;
      if (left > 0) this.taken.set(operatorId, left);
      else this.taken.delete(operatorId);
    };
  }
}
