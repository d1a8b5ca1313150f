import type { Duplex } from 'node:stream';
import type { MediaError } from '../errors.js';
import { readControlPackets, writeBye } from '../rtp/control-packet.js';
import { readRtp } from '../rtp/packet.js';
import { encodeInterleaved } from '../rtsp/message.js';
import { newStats, type ViewerStats } from '../rtsp/viewer.js';
import type { OpenReplay, ReplaySink } from './replay-source.js';

export interface ReplayChannels {
  rtp: number;
  rtcp: number;
}

/** Puts a replay into a viewer's connection. What the viewer does not take holds the source back; nothing is left out. */
export class ReplayWriter implements ReplaySink {
  readonly channels = new Map<number, ReplayChannels>();
  readonly stats: ViewerStats = newStats();
  readonly #sources = new Map<number, number>();
  /** What stands behind an answer that was not written yet. */
  #held: (() => void)[] | undefined;
  #replay: OpenReplay | undefined;
  #isPaused = false;
  #saidBye = false;
  #closed = false;

  constructor(
    readonly socket: Duplex,
    readonly maxBacklogBytes: number,
    /** The source has ended for good, and everything was handed to the socket. */
    readonly onEnd: (error: MediaError) => void,
  ) {
    socket.on('drain', this.#drained);
  }

  /** The source that is held back. */
  follow(replay: OpenReplay): void {
    this.#replay = replay;
  }

  /** From now on an answer is due before anything else. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const write of held) write();
  }

  packets(track: number, packets: Buffer[]): void {
    const channels = this.channels.get(track);
    const last = packets.at(-1);
    if (!channels || !last) return;
    this.#sources.set(track, readRtp(last)?.ssrc ?? 0);
    this.#saidBye = false;
    this.stats.bytes += packets.reduce((sum, packet) => sum + packet.length, 0);
    this.stats.units += packets.filter((packet) => readRtp(packet)?.marker).length;
    this.#write(Buffer.concat(packets.map((packet) => encodeInterleaved(channels.rtp, packet))));
  }

  control(track: number, packet: Buffer): void {
    const channels = this.channels.get(track);
    if (!channels) return;
    if (readControlPackets(packet).some(({ kind }) => kind === 'bye')) this.#saidBye = true;
    this.#write(encodeInterleaved(channels.rtcp, packet));
  }

  /** A player that is told nothing would wait for more. */
  ended(error: MediaError): void {
    this.#inOrder(() => {
      this.bye();
      this.close();
      this.onEnd(error);
    });
  }

  /** Tells the player that nothing more comes, unless the source has told it. */
  bye(reason = ''): void {
    if (this.#saidBye) return;
    this.#saidBye = true;
    for (const [track, ssrc] of this.#sources) {
      const channels = this.channels.get(track);
      if (channels) this.socket.write(encodeInterleaved(channels.rtcp, writeBye(ssrc, reason)));
    }
  }

  /** Harmless when repeated. */
  close(): void {
    this.#closed = true;
    this.#held = undefined;
    this.socket.off('drain', this.#drained);
  }

  readonly #drained = (): void => {
    this.stats.backlogBytes = this.socket.writableLength;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#replay?.resume();
  };

  #write(data: Buffer): void {
    this.#inOrder(() => {
      this.socket.write(data);
      this.stats.backlogBytes = this.socket.writableLength;
    });
    if (this.#isPaused || this.socket.writableLength <= this.maxBacklogBytes) return;
    this.#isPaused = true;
    this.#replay?.pause();
  }

  #inOrder(write: () => void): void {
    if (this.#closed || this.socket.destroyed) return;
    if (this.#held) this.#held.push(write);
    else write();
  }
}
