import type { OnReadOpts } from 'node:net';

/** What one read of the event loop brings at most. */
const READ_BYTES = 65_536;

/** One for all sockets of the process: what a read brings is copied on before the next one. */
const SHARED = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * Reads of a socket that this process opens, without a new buffer for each: give `onread` to `connect` and the reads to
 * `bridge`. Sockets that a server accepted have no such option in Node.
 */
export class SocketReads {
  /** Option of `net.connect`; the socket has no `data` events then. */
  readonly onread: OnReadOpts = {
    buffer: SHARED,
    callback: (length, buffer) => this.take(Buffer.from(buffer.buffer, buffer.byteOffset, length)),
  };
  private handler: ((chunk: Buffer) => boolean) | undefined;
  private early: Buffer[] = [];

  /** @param handler of chunks, valid during the call only; false pauses the socket until `resume` */
  start(handler: (chunk: Buffer) => boolean): void {
    this.handler = handler;
    for (const chunk of this.early.splice(0)) handler(chunk);
  }

  /** Nobody asked yet: one read is kept, then the socket waits. */
  private take(chunk: Buffer): boolean {
    if (this.handler !== undefined) return this.handler(chunk);
    this.early.push(Buffer.from(chunk));
    return false;
  }
}
