import type { ExportTarget } from '@app/media';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** A client that takes nothing for this long gives its place back. */
const STALLED_MS = 60_000;
/** What the client has not taken; its connection and the way to the site hold as much again. */
const MAX_BACKLOG_BYTES = 256 << 10;

/** A file that goes to a client as it is made. The client knows that it is not whole when its connection breaks. */
export class ExportResponse implements ExportTarget {
  onDrain: () => void = () => undefined;
  /** Why it was ended from here; undefined while nobody did. */
  reason: string | undefined;
  /** Handed to the connection so far. */
  bytes = 0;
  private readonly stopped = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly name: string,
    private readonly revoked: AbortSignal | undefined,
    private readonly onSent: (bytes: number) => void,
  ) {
    response.on('close', this.closed);
    response.on('drain', this.drained);
    revoked?.addEventListener('abort', this.takenBack, { once: true });
    if (revoked?.aborted) this.takenBack();
    if (response.destroyed) this.closed();
  }

  /** Nobody takes the file, or nobody may. */
  get signal(): AbortSignal {
    return this.stopped.signal;
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  write(data: Buffer): boolean {
    if (this.signal.aborted) return true;
    if (!this.hasBegun) this.begin();
    this.bytes += data.length;
    this.onSent(data.length);
    this.response.write(data);
    if (this.response.writableLength <= MAX_BACKLOG_BYTES) return true;
    this.timer ??= setTimeout(() => this.stop('viewer-stalled'), STALLED_MS);
    return false;
  }

  /** Resolves when the client has all of it. Rejects when it is gone before. */
  async end(): Promise<void> {
    this.timer ??= setTimeout(() => this.stop('viewer-stalled'), STALLED_MS);
    this.response.end();
    if (!this.response.writableFinished) await once(this.response, 'finish', { signal: this.signal });
  }

  /** A clean end would look like a whole file. */
  abort(): void {
    this.response.destroy();
  }

  release(): void {
    clearTimeout(this.timer);
    this.response.off('close', this.closed);
    this.response.off('drain', this.drained);
    this.revoked?.removeEventListener('abort', this.takenBack);
  }

  private begin(): void {
    this.response.writeHead(200, {
      'content-type': 'video/mp4',
      'content-disposition': `attachment; filename="${this.name}"`,
      'accept-ranges': 'none',
      // A proxy that buffers would take all of it from the site before the client gets any.
      'x-accel-buffering': 'no',
    });
  }

  /** The client learns that its file is not whole. @param reason a code */
  stop(reason: string): void {
    this.reason ??= reason;
    this.stopped.abort();
  }

  private readonly takenBack = (): void => this.stop('viewer-revoked');

  private readonly closed = (): void => {
    if (!this.response.writableFinished) this.stop('viewer-closed');
  };

  private readonly drained = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.onDrain();
  };
}
