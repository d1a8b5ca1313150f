import {
  type Place,
  type PlayerChannel,
  ReplayPlayer,
  replayPlayerDefaults,
  type ViewerInfo,
  type ViewerOrigin,
} from '@app/media';
import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { codeOf } from '../streams/refusal.js';
import { takePlace } from './place.js';
import { readAck } from './player-ack.js';
import { CLOSE_REFUSED, endPlayer, keepAliveOf, refusePlayer } from './player.connection.js';
import type { WebRecording } from './web-stream.resolver.js';

const MAX_RANGE_MS = 366 * 86_400_000;
/** More than any screen has pixels; what is finer is asked for in a shorter range. */
const MAX_SPANS = 2_000;

const moment = z.int().min(0).max(Date.UTC(9999, 0));
const timelineQuestion = z.strictObject({ from: moment, to: moment });
const fromPlayer = z.union([
  z.strictObject({ ack: z.int().min(0).max(0xffff_ffff) }),
  z.strictObject({ seek: z.int().min(0).max(0xffff_ffff), at: moment, keys: z.boolean() }),
  z.strictObject({ timeline: timelineQuestion }),
  z.strictObject({ ping: z.number() }),
]);

type Question = z.output<typeof timelineQuestion>;

/** One player of a recording that has shown its right, until its socket closes. */
export class RecordingConnection {
  private readonly replay: ReplayPlayer;
  /** The site is asked one question of a player at a time; of those that wait the last one counts. */
  private isAsking = false;
  private place: Place | undefined;
  private nextQuestion: Question | undefined;

  constructor(
    private readonly player: WebSocket,
    private readonly channel: PlayerChannel,
    private readonly stream: WebRecording,
    private readonly origin: ViewerOrigin,
    private readonly metrics: RedirectorMetrics,
  ) {
    this.replay = new ReplayPlayer(channel, replayPlayerDefaults, (error) => this.end(codeOf(error), error.message));
  }

  /** @throws MediaError of the source, or `stream-not-playable`; DomainError when there is no place */
  async start(): Promise<void> {
    this.place = takePlace(this.stream, {
      transport: 'mse',
      bytes: () => this.replay.stats.bytes,
      end: (code) => this.end(code, 'a viewer of a higher level took this place'),
    });
    this.watch();
    await this.replay.open(this.stream.recording);
    this.player.on('message', (data: RawData, isBinary) => this.take(data, isBinary));
  }

  private watch(): void {
    const { player, metrics, stream, replay } = this;
    const viewer: ViewerInfo = {
      ...this.origin,
      kind: 'playback',
      id: randomUUID(),
      grant: stream.grant,
      stats: replay.stats,
      end: (code) => this.end(code, 'the stream was ended'),
    };
    const revoked = (): void => this.end('viewer-revoked', 'the view ticket was revoked');
    const keepAlive = keepAliveOf(player);
    metrics.viewerStarted(viewer);
    stream.ended?.addEventListener('abort', revoked);
    player.once('close', (closeCode, reason) => {
      clearInterval(keepAlive);
      stream.ended?.removeEventListener('abort', revoked);
      replay.close();
      this.place?.leave();
      metrics.viewerStopped(viewer, closeCode === CLOSE_REFUSED ? reason.toString() : 'viewer-closed');
    });
    if (stream.ended?.aborted) revoked();
  }

  /** A player that does not answer the closing of its socket is sent nothing meanwhile, and holds nothing. */
  private end(code: string, detail: string): void {
    this.replay.close();
    this.place?.leave();
    endPlayer(this.player, code, detail);
  }

  private take(data: RawData, isBinary: boolean): void {
    const ack = isBinary ? undefined : readAck(data as Buffer);
    if (ack !== undefined) return this.replay.acknowledge(ack);
    const message = isBinary ? undefined : readMessage(data);
    if (message === undefined) return refusePlayer(this.player, 'invalid-request', 'the message is not understood');
    if ('ack' in message) this.replay.acknowledge(message.ack);
    else if ('seek' in message) this.replay.play({ seek: message.seek, atMs: message.at, keys: message.keys });
    else if ('timeline' in message) this.question(message.timeline);
    else this.tell({ pong: message.ping, at: performance.timeOrigin + performance.now() });
  }

  private question(question: Question): void {
    this.nextQuestion = question;
    if (!this.isAsking) void this.answerAll();
  }

  private async answerAll(): Promise<void> {
    this.isAsking = true;
    while (this.nextQuestion && this.player.readyState === this.player.OPEN) {
      const question = this.nextQuestion;
      this.nextQuestion = undefined;
      this.tell({ timeline: { ...question, ...(await this.answer(question)) } });
    }
    this.isAsking = false;
  }

  /** Spans are `[from, to, state]` in ms since 1970; `cut` says that there are more of them. */
  private async answer({ from, to }: Question): Promise<object> {
    if (to <= from || to - from > MAX_RANGE_MS) return { code: 'invalid-request' };
    try {
      const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      const spans = await this.stream.recording.timeline(range);
      const told = spans.slice(0, MAX_SPANS).map((span) => [Date.parse(span.from), Date.parse(span.to), span.state]);
      return { spans: told, cut: spans.length > MAX_SPANS };
    } catch (error) {
      return { code: codeOf(error) };
    }
  }

  private tell(message: object): void {
    if (this.player.readyState === this.player.OPEN) this.channel.text(message);
  }
}

const readMessage = (data: RawData): z.output<typeof fromPlayer> | undefined => {
  try {
    return fromPlayer.parse(JSON.parse((data as Buffer).toString()));
  } catch {
    return undefined;
  }
};
