import { once } from 'node:events';
import type { Response } from 'express';
import type { SiteEvent } from './event.dto.js';

/** A client that takes nothing for so long is cut; it comes back and goes on where it was. */
const SLOW_MS = 10_000;
/** How soon a browser comes back. */
const RETRY_MS = 1_000;

/** One client's server-sent events (HTML, 9.2). Never holds more than one event that the client has not taken. */
export class ClientStream {
  private readonly ended = new AbortController();

  constructor(private readonly response: Response) {
    response.once('close', () => this.ended.abort());
  }

  get signal(): AbortSignal {
    return this.ended.signal;
  }

  async begin(): Promise<void> {
    this.response.status(200);
    this.response.setHeader('Content-Type', 'text/event-stream');
    this.response.setHeader('Cache-Control', 'no-store');
    // Proxies that collect an answer would hold it back for ever.
    this.response.setHeader('X-Accel-Buffering', 'no');
    this.response.flushHeaders();
    await this.write(`retry: ${RETRY_MS}\n\n`);
  }

  send(event: SiteEvent): Promise<void> {
    return this.write(`id: ${event.position}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** An id without data moves what the client goes on from, past events that it does not want. */
  heartbeat(position: string): Promise<void> {
    return this.write(`: still here\nid: ${position}\n\n`);
  }

  end(): void {
    this.response.end();
  }

  private async write(text: string): Promise<void> {
    if (this.signal.aborted || this.response.write(text)) return;
    const late = AbortSignal.timeout(SLOW_MS);
    try {
      await once(this.response, 'drain', { signal: AbortSignal.any([this.signal, late]) });
    } catch {
      this.response.destroy();
      this.ended.abort();
    }
  }
}
