import type { RtspExchange } from './exchange.js';

const methods = ['GET_PARAMETER', 'OPTIONS'] as const;
type KeepAliveMethod = (typeof methods)[number];

/** What a camera does not bear, kept over its sessions. */
export type KeepAliveMemory = Set<KeepAliveMethod>;

/** However long a session may last: firewalls in between forget a quiet connection sooner. */
const longestMs = 30_000;
const shortestMs = 500;
/** A connection that ends this soon behind a request ends because of it. */
const blameMs = 1000;

/**
 * Keeps a session alive: GET_PARAMETER where the camera lists it, else OPTIONS. A method that it refuses or leaves unanswered
 * is not used again. Neither ends the session: only silence of the media does.
 */
export class KeepAlive {
  readonly #timer: NodeJS.Timeout;
  readonly #candidates: readonly KeepAliveMethod[];
  #pending: { method: KeepAliveMethod; atMs: number } | undefined;

  /** `listed` is the Public header of OPTIONS. */
  constructor(
    readonly exchange: RtspExchange,
    readonly url: string,
    readonly session: { listed: string; timeoutMs: number },
    readonly unwanted: KeepAliveMemory,
  ) {
    const isListed = /\bGET_PARAMETER\b/i.test(session.listed);
    this.#candidates = methods.filter((method) => isListed || method !== 'GET_PARAMETER');
    const everyMs = Math.max(shortestMs, Math.min(session.timeoutMs / 2, longestMs));
    this.#timer = setInterval(() => void this.#send(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The camera closed the connection while media still came: when that was its answer, the next session does without it. */
  blame(): void {
    const { method, atMs } = this.#pending ?? {};
    if (method && atMs !== undefined && performance.now() - atMs < blameMs) this.unwanted.add(method);
  }

  async #send(): Promise<void> {
    const method = this.#candidates.find((candidate) => !this.unwanted.has(candidate));
    if (!method || this.#pending) return;
    this.#pending = { method, atMs: performance.now() };
    try {
      const { status } = await this.exchange.ask(method, this.url, {}, undefined, false);
      if (status !== 200 && method === 'GET_PARAMETER') this.unwanted.add(method);
    } catch {
      // The exchange tells of a connection that ended by itself: what is left is a camera that does not answer.
      if (this.exchange.isOpen && method === 'GET_PARAMETER') this.unwanted.add(method);
      else return;
    }
    this.#pending = undefined;
  }
}
