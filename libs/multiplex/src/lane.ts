import type { Duplex } from 'node:stream';
import type { Clock, SessionConfig } from './config.js';
import { FrameDecoder } from './decode.js';
import { encodeFrame } from './encode.js';
import { SessionError } from './errors.js';
import { FRAME, HEADER_BYTES } from './frame.js';
import { Liveness } from './liveness.js';
import { Outbox } from './outbox.js';
import type { PacedLane } from './pacer.js';
import type { SendSide } from './send-side.js';
import type { TableReader } from './resume-table.js';
import { noteRead } from './young-buffers.js';

export interface LaneEvents {
  readonly frame: (lane: Lane, type: number, channel: number, offset: number, payload: Buffer) => void;
  /** Bytes arrived. */
  readonly received: (lane: Lane) => void;
  /** A frame of the lane itself waits. */
  readonly waiting: () => void;
  /** The transport took its backlog. */
  readonly drained: () => void;
  /** Called once: a fault of the peer, or the transport's end. */
  readonly failed: (lane: Lane, error: SessionError) => void;
}

/** What a lane has to know of a channel. */
interface Sending {
  readonly id: number;
  readonly out: SendSide;
}

/** Most that a TLS record carries (RFC 8446 section 5.1). */
const RECORD_BYTES = 16_384;

/** One transport of a session: bytes in through the decoder, frames out in one write per turn. */
export class Lane implements PacedLane {
  /** Past WELCOME. */
  open = false;
  liveness: Liveness | undefined;
  tables: TableReader | undefined;
  /** Bytes that the peer said it received here. */
  ackedBytes = 0;
  quietSent = 0;
  quietAcked = 0;
  /** Channels whose DATA was put on it so far. */
  channelsGiven = 0;
  /** Of what is written, in one TLS record at most. */
  recordBytes = RECORD_BYTES;
  flights: PacedLane['flights'] = [];
  /** The peer acknowledges lanes. */
  acknowledged = false;
  /** What the last LANE_ACK said. */
  toldBytes = 0;
  /** Something came that is worth a LANE_ACK; acknowledgements themselves are not, or they would never end. */
  ackWorth = false;
  /** Since when DATA waits for progress, steady ms. */
  private awaitingSince: number | undefined;
  private awaitedBytes = 0;
  readonly decoder: FrameDecoder;
  lastReceivedAt: number;
  bytesReceived = 0;
  bytesSent = 0;
  private readonly outbox: Outbox;
  private failed = false;
  private own: Buffer[] = [];
  private pongToken: number | undefined;
  private ackWaits = false;

  constructor(
    public index: number,
    private readonly transport: Duplex,
    private events: LaneEvents,
    private readonly clock: Clock,
    private readonly backlogBytes: number,
  ) {
    this.lastReceivedAt = clock.steadyMs();
    this.outbox = new Outbox(transport);
    this.decoder = new FrameDecoder((type, channel, offset, payload) =>
      this.events.frame(this, type, channel, offset, payload),
    );
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

  /** Past the handshake: frames of full size, and pings. */
  welcome({ maxDataBytes, pingIntervalMs, deadAfterMs }: SessionConfig): void {
    this.open = true;
    this.decoder.maxDataBytes = maxDataBytes;
    this.liveness = new Liveness({
      pingIntervalMs,
      deadAfterMs,
      clock: this.clock,
      lastReceivedAt: () => this.lastReceivedAt,
      stalledMs: () => (this.awaitingSince === undefined ? 0 : this.clock.steadyMs() - this.awaitingSince),
      ping: (token) => this.post(FRAME.PING, token),
      dead: () => this.fail(new SessionError('peer-silent', `no byte for ${deadAfterMs} ms`)),
    });
    this.liveness.start();
  }

  /** The frames that follow are another session's. */
  handOver(events: LaneEvents): void {
    this.events = events;
  }

  /** At once, whatever waits: the handshake, and a refusal. */
  say(type: number, payload: Buffer): void {
    this.write(encodeFrame(type, 0, 0, payload));
    this.flush();
  }

  /** A frame that belongs to this lane alone; goes before all others. */
  post(type: number, offset: number, payload?: Buffer): void {
    this.own.push(encodeFrame(type, 0, offset, payload));
    this.events.waiting();
  }

  /** At most one pending: a newer token replaces an older one. */
  pong(token: number): void {
    this.pongToken = token;
    this.events.waiting();
  }

  /** DATA was written: LANE_ACK has to come this far. */
  awaitAck(): void {
    if (!this.acknowledged) return;
    this.awaitedBytes = this.bytesSent;
    this.awaitingSince ??= this.clock.steadyMs();
  }

  progressed(): void {
    this.awaitingSince = this.ackedBytes < this.awaitedBytes ? this.clock.steadyMs() : undefined;
  }

  /** Its value is read when it is written. */
  ackDue(): void {
    this.ackWaits = true;
    this.events.waiting();
  }

  /** @returns frames written */
  flushOwn(): number {
    const frames = this.own;
    this.own = [];
    if (this.pongToken !== undefined) frames.push(encodeFrame(FRAME.PONG, 0, this.pongToken));
    this.pongToken = undefined;
    if (this.ackWaits) frames.push(encodeFrame(FRAME.LANE_ACK, 0, this.bytesReceived));
    if (this.ackWaits) this.toldBytes = this.bytesReceived;
    if (this.ackWaits) this.ackWorth = false;
    this.ackWaits = false;
    for (const frame of frames) this.writeQuietly(frame);
    return frames.length;
  }

  /** It cannot be undone: OpenSSL does not let records grow again. */
  limitRecords(bytes: number): void {
    const { transport } = this;
    if (bytes >= this.recordBytes || transport.destroyed || !('setMaxSendFragment' in transport)) return;
    if (typeof transport.setMaxSendFragment !== 'function') return;
    transport.setMaxSendFragment(bytes);
    this.recordBytes = bytes;
  }

  /** More may be handed to the transport. While it stays false after `flush`, `drained` will be called. */
  get writable(): boolean {
    const { transport, outbox } = this;
    if (transport.writableLength + outbox.pendingBytes < this.backlogBytes) return true;
    return outbox.pendingBytes === 0 && !transport.writableNeedDrain;
  }

  /** Into the outbox; `flush` hands it to the transport. */
  write(bytes: Buffer): void {
    if (!this.transport.writable) return;
    this.bytesSent += bytes.length;
    this.outbox.append(bytes);
  }

  /** A frame that the peer answers with no LANE_ACK, or acknowledgements would never end. */
  writeQuietly(bytes: Buffer): void {
    this.quietSent += bytes.length;
    this.write(bytes);
  }

  /** One DATA frame with at most `wanted` bytes of the channel. @returns how many */
  writeData({ id, out }: Sending, wanted: number): number {
    const { transport, outbox } = this;
    const length = transport.writable ? outbox.room(wanted) : wanted;
    if (transport.writable) outbox.data(id, out.sentBytes, length, out.queue);
    this.bytesSent += HEADER_BYTES + length;
    return length;
  }

  flush(): void {
    if (this.transport.writable) this.outbox.flush();
  }

  /**
   * Flushes and waits for the peer's end, `lingerMs` at most. What still arrives is read and dropped: closing over
   * unread bytes would make the kernel send RST, which can take our last frame from the peer.
   */
  close(lingerMs: number): void {
    this.failed = true;
    this.open = false;
    this.liveness?.stop();
    this.decoder.stop();
    const { transport } = this;
    if (transport.destroyed) return;
    this.flush();
    const timer = setTimeout(() => transport.destroy(), lingerMs);
    transport.once('close', () => clearTimeout(timer));
    transport.once('end', () => transport.end(() => transport.destroy()));
    transport.end(() => {
      if (transport.readableEnded) transport.destroy();
    });
    transport.resume();
  }

  /** Lost: nothing more in, nothing more out. */
  drop(): void {
    this.failed = true;
    this.open = false;
    this.liveness?.stop();
    this.decoder.stop();
    this.transport.destroy();
  }

  private receive(chunk: Buffer): void {
    this.lastReceivedAt = this.clock.steadyMs();
    this.bytesReceived += chunk.length;
    noteRead(chunk.length);
    try {
      this.decoder.push(chunk);
    } catch (error) {
      this.fail(error instanceof SessionError ? error : new SessionError('internal-error', String(error)));
    }
    if (!this.failed) this.events.received(this);
  }

  private fail(error: SessionError): void {
    if (this.failed) return;
    this.failed = true;
    this.events.failed(this, error);
  }
}
