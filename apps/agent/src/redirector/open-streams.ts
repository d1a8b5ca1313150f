import { type LinkDecision, MediaError } from '@app/media';
import type { Holding } from '../users/holding.js';
import { type StreamGrant, toHolding } from './site-ticket-store.js';

interface OpenStream {
  grant: StreamGrant;
  ending: AbortController;
}

/** The streams that run, by whom they were opened for. */
export class OpenStreams {
  readonly #open = new Set<OpenStream>();

  get held(): Holding[] {
    return [...this.#open].map(({ grant, ending }) => toHolding(grant, () => ending.abort(withdrawn())));
  }

  /** From the ticket on: one whose camera answers slowly can be ended before it has begun. */
  async track(grant: StreamGrant, decide: () => Promise<LinkDecision>): Promise<LinkDecision> {
    const stream: OpenStream = { grant, ending: new AbortController() };
    this.#open.add(stream);
    let isTaken = false;
    try {
      const decision = await decide();
      if ('refuse' in decision) return decision;
      isTaken = true;
      const released = (): void => {
        this.#open.delete(stream);
        decision.released?.();
      };
      return { ...decision, until: stream.ending.signal, released };
    } finally {
      if (!isTaken) this.#open.delete(stream);
    }
  }
}

const withdrawn = (): MediaError =>
  new MediaError('link-refused', 'The account that opened this stream may not have it any more', 'site-right-missing');
