import type { Duplex } from 'node:stream';
import type { Clock } from './config.js';
import { FrameDecoder, type FrameSink } from './decode.js';
import { SessionError } from './errors.js';

export interface LaneEvents {
  readonly frame: FrameSink;
  /** The transport took its backlog. */
  readonly drained: () => void;
  /** Called once: a fault of the peer, or the transport's end. */
  readonly failed: (error: SessionError) => void;
}

/** One transport of a session: bytes in through the decoder, frames out in one writev per turn. */
export class Lane {
  readonly decoder: FrameDecoder;
  lastReceivedAt: number;
  bytesReceived = 0;
  bytesSent = 0;
  private failed = false;

  constructor(
    private readonly transport: Duplex,
    private readonly events: LaneEvents,
    private readonly clock: Clock,
    private readonly backlogBytes: number,
  ) {
    this.lastReceivedAt = clock.steadyMs();
    this.decoder = new FrameDecoder(events.frame);
    if ('setNoDelay' in transport && typeof transport.setNoDelay === 'function') transport.setNoDelay(true);
    transport.on('error', (error: Error) => this.fail(new SessionError('transport-error', error.message)));
  }

  start(): void {
    this.lastReceivedAt = this.clock.steadyMs();
    this.transport
      .on('data', (chunk: Buffer) => this.receive(chunk))
      .on('drain', () => this.events.drained())
      .on('end', () => this.fail(new SessionError('transport-closed', 'the peer ended the connection')))
      .on('close', () => this.fail(new SessionError('transport-closed')));
    if (this.transport.destroyed) this.fail(new SessionError('transport-closed'));
  }

  /** More may be handed to the transport. While false, `drained` will be called. */
  get writable(): boolean {
    return !this.transport.writableNeedDrain || this.transport.writableLength < this.backlogBytes;
  }

  cork(): void {
    this.transport.cork();
  }

  uncork(): void {
    this.transport.uncork();
  }

  write(bytes: Buffer): void {
    if (!this.transport.writable) return;
    this.bytesSent += bytes.length;
    this.transport.write(bytes);
  }

  /**
   * Flushes and waits for the peer's end, `lingerMs` at most. What still arrives is read and dropped: closing over
   * unread bytes would make the kernel send RST, which can take our last frame from the peer.
   */
  close(lingerMs: number): void {
    this.failed = true;
    this.decoder.stop();
    const { transport } = this;
    if (transport.destroyed) return;
    const timer = setTimeout(() => transport.destroy(), lingerMs);
    transport.once('close', () => clearTimeout(timer));
    transport.once('end', () => transport.end(() => transport.destroy()));
    transport.end(() => {
      if (transport.readableEnded) transport.destroy();
    });
    transport.resume();
  }

  private receive(chunk: Buffer): void {
    this.lastReceivedAt = this.clock.steadyMs();
    this.bytesReceived += chunk.length;
    try {
      this.decoder.push(chunk);
    } catch (error) {
      this.fail(error instanceof SessionError ? error : new SessionError('internal-error', String(error)));
    }
  }

  private fail(error: SessionError): void {
    if (this.failed) return;
    this.failed = true;
    this.events.failed(error);
  }
}
