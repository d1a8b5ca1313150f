import { setTimeout as delay } from 'node:timers/promises';
import type { AccessUnit, SenderReport } from '../access-unit.js';
import { backOffMs, type BackOffOptions } from '../back-off.js';
import { asMediaError, MediaError } from '../errors.js';
import type { Rendition } from '../rendition.js';
import type { ReceptionStats } from '../reception/reception.js';
import type { OpenSource, Source } from '../source/source.js';
import type { StreamDescription } from '../stream-description.js';

export interface UpstreamListener {
  opened(description: StreamDescription): void;
  unit(unit: AccessUnit): void;
  report(report: SenderReport): void;
  sourceState(isUp: boolean, code: string): void;
  rendition(rendition: Rendition): void;
  /** An attempt failed or an open source ended; the next attempt follows by itself. */
  lost(error: MediaError): void;
}

export interface UpstreamOptions extends BackOffOptions {
  /** Longest opening of the source. */
  openTimeoutMs: number;
  /** A stream that lasted this long resets the back-off. */
  stableMs: number;
}

/** Keeps one source open: a loop of attempts with back-off, until closed. */
export class Upstream {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #open: OpenSource | undefined;
  #end: (error: MediaError) => void = () => undefined;
  #wait: { since: number; end: AbortController } | undefined;

  constructor(
    readonly source: Source,
    readonly listener: UpstreamListener,
    readonly options: UpstreamOptions,
  ) {
    this.#done = this.#loop();
  }

  /** Of the open source; undefined while there is none, or when it is no camera. */
  get reception(): ReceptionStats | undefined {
    return this.#open?.reception?.();
  }

  requestKeyframe(): void {
    this.#open?.requestKeyframe();
  }

  /** Somebody new wants the source: a long wait between attempts ends, but attempts stay `firstMs` apart. */
  hurry(): void {
    if (this.#wait && performance.now() - this.#wait.since >= this.options.firstMs) this.#wait.end.abort();
  }

  /** Leaves an open source and opens it anew. */
  reopen(): void {
    if (this.#open) this.#end(new MediaError('source-failed', 'The way to the source changed'));
  }

  /** Ends the source; the listener hears nothing more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #loop(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      const startedAt = performance.now();
      const error = await this.#attempt();
      if (this.#stop.signal.aborted) return;
      this.listener.lost(error);
      if (performance.now() - startedAt > this.options.stableMs) attempt = 0;
      await this.#pause(backOffMs(attempt, this.options));
    }
  }

  async #pause(ms: number): Promise<void> {
    const end = new AbortController();
    this.#wait = { since: performance.now(), end };
    const signal = AbortSignal.any([this.#stop.signal, end.signal]);
    await delay(ms, undefined, { signal }).catch(() => undefined);
    this.#wait = undefined;
  }

  /** Opens the source, stays until it ends and returns why. */
  async #attempt(): Promise<MediaError> {
    let end: (error: MediaError) => void = () => undefined;
    const ended = new Promise<MediaError>((resolve) => (end = resolve));
    this.#end = end;
    let live = true;
    const signal = this.#stop.signal;
    const listener = {
      unit: (unit: AccessUnit): void => void (live && this.listener.unit(unit)),
      report: (report: SenderReport): void => void (live && this.listener.report(report)),
      sourceState: (isUp: boolean, code: string): void => void (live && this.listener.sourceState(isUp, code)),
      rendition: (rendition: Rendition): void => void (live && this.listener.rendition(rendition)),
      ended: end,
    };
    const stopped = (): void => {
      live = false;
      end(new MediaError('hub-closed', 'The hub was closed'));
    };
    signal.addEventListener('abort', stopped, { once: true });
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.options.openTimeoutMs)]);
      this.#open = await settle(this.source.open(listener, limit), limit);
      if (live) this.listener.opened(this.#open.description);
      return await ended;
    } catch (error) {
      return asMediaError(error, 'source-failed');
    } finally {
      live = false;
      signal.removeEventListener('abort', stopped);
      await this.#open?.close();
      this.#open = undefined;
    }
  }
}

/** The opened source, or a rejection as soon as `signal` aborts; what opens after that is closed again. */
function settle(opening: Promise<OpenSource>, signal: AbortSignal): Promise<OpenSource> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new MediaError('hub-open-timeout', 'The source did not open in time'));
      opening.then((open) => open.close()).catch(() => undefined);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const done = (): void => signal.removeEventListener('abort', abort);
    opening
      .then(resolve, reject)
      .finally(done)
      .catch(() => undefined);
  });
}
