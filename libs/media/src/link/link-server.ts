import type { Duplex } from 'node:stream';
import { asMediaError, type MediaError } from '../errors.js';
import type { ReplaySource } from '../replay/replay-source.js';
import type { Feed } from './feed.js';
import type { LinkRequest } from './link-message.js';
import { LinkOutlet, type LinkOutletOptions } from './link-outlet.js';

export type LinkDecision =
  ({ hub: Feed } & Released) | ({ replay: ReplaySource } & Released) | { refuse: { code: string; detail: string } };

interface Released {
  /** Called once, when the link is over, however it ended. */
  released?: () => void;
  /** Ends the link when it is aborted; the other side is told the reason, a MediaError. */
  until?: AbortSignal;
}

/** Checks the ticket and finds the hub or the recording; whatever it throws is told to the other side as its code. */
export type Authorise = (request: LinkRequest) => Promise<LinkDecision>;

export interface LinkServerOptions extends LinkOutletOptions {
  maxLinks: number;
}

export const linkServerDefaults: LinkServerOptions = {
  maxLinks: 256,
  openTimeoutMs: 10_000,
  maxAckAgeMs: 600,
  maxInFlightBytes: 8 << 20,
  stalledMs: 30_000,
  heartbeatMs: 2000,
  replayWindowBytes: 512 << 10,
};

/** The site's end of the redirector link (LINK.md): one connection carries one stream. */
export class LinkServer {
  readonly #options: LinkServerOptions;
  readonly #links = new Set<LinkOutlet>();
  #closed = false;

  constructor(
    readonly authorise: Authorise,
    options: Partial<LinkServerOptions> = {},
  ) {
    this.#options = { ...linkServerDefaults, ...options };
  }

  get links(): number {
    return this.#links.size;
  }

  /** Serves one connected, already encrypted socket until it ends. Resolves with the reason; never rejects. */
  async handle(socket: Duplex): Promise<MediaError> {
    const link = new LinkOutlet(socket, this.#options);
    if (this.#closed || this.#links.size >= this.#options.maxLinks) {
      return link.fail('link-too-many', 'No further link is taken');
    }
    this.#links.add(link);
    let released: (() => void) | undefined;
    try {
      const request = await link.request();
      const decision = await this.authorise(request);
      if ('released' in decision) released = decision.released;
      if ('refuse' in decision) return link.fail(decision.refuse.code, decision.refuse.detail);
      endWith(link, decision.until);
      return await ('replay' in decision ? link.serveReplay(decision.replay) : link.serve(decision.hub));
    } catch (error) {
      const { code, remoteCode, message } = asMediaError(error, 'source-failed');
      return link.fail(remoteCode ?? code, message);
    } finally {
      this.#links.delete(link);
      released?.();
    }
  }

  /** Says BYE on all links and takes no more. Harmless when repeated. */
  close(): void {
    this.#closed = true;
    for (const link of this.#links) link.bye();
  }
}

/** @throws MediaError when it is over before it has begun */
const endWith = (link: LinkOutlet, until: AbortSignal | undefined): void => {
  const reason = (): MediaError => asMediaError(until?.reason, 'link-closed');
  if (until?.aborted === true) throw reason();
  until?.addEventListener('abort', () => link.end(reason()), { once: true });
};
