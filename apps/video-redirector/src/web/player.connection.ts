import { type PlayerChannel, playerDefaults, PlayerOutlet, type ViewerInfo, type ViewerOrigin } from '@app/media';
import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { codeOf } from '../streams/refusal.js';
import { takePlace } from './place.js';
import { readAck } from './player-ack.js';
import type { WebStream } from './web-stream.resolver.js';

export const MAX_MESSAGE_BYTES = 8 << 10;
const FAREWELL_MS = 2_000;
const KEEP_ALIVE_MS = 20_000;
/** Close code of the application's own range (RFC 6455 section 7.4.2); the reason has been told before. */
export const CLOSE_REFUSED = 4_000;

const fromPlayer = z.union([
  z.strictObject({ ack: z.int().min(0).max(0xffff_ffff) }),
  z.strictObject({ ping: z.number() }),
]);

/** The player learns a stable code, and then the end. */
export const refusePlayer = (player: WebSocket, code: string, detail: string): void => {
  if (player.readyState !== player.OPEN) return;
  player.send(JSON.stringify({ error: code, detail }));
  player.close(CLOSE_REFUSED, code);
};

/** One player that has shown its right, until its socket closes. */
export class PlayerConnection {
  constructor(
    private readonly player: WebSocket,
    private readonly channel: PlayerChannel,
    private readonly stream: WebStream,
    private readonly origin: ViewerOrigin,
    private readonly metrics: RedirectorMetrics,
  ) {}

  /** @throws MediaError of the source, or `stream-not-playable`; DomainError when there is no place */
  async start(): Promise<void> {
    const { player, channel, stream } = this;
    const description = await stream.hub.describe();
    if (player.readyState !== player.OPEN) return;
    const outlet = new PlayerOutlet(stream.hub, description, channel, playerDefaults, (error) =>
      end(codeOf(error), error.message),
    );
    // A player that does not answer the closing of its socket is sent nothing meanwhile, and holds nothing.
    const end = (code: string, detail: string): void => {
      outlet.stop();
      place?.leave();
      endPlayer(player, code, detail);
    };
    const place = takePlace(stream, {
      transport: 'mse',
      bytes: () => outlet.stats.bytes,
      end: (code) => end(code, 'a viewer of a higher level took this place'),
    });
    player.once('close', () => place?.leave());
    player.on('message', (data: RawData, isBinary) => this.take(outlet, data, isBinary));
    this.watch(outlet, end);
    if (player.readyState !== player.OPEN) return;
    channel.text({ sound: description.tracks.find(({ kind }) => kind === 'audio')?.codec ?? '' });
    outlet.start();
  }

  private watch(outlet: PlayerOutlet, end: (code: string, detail: string) => void): void {
    const { player, metrics, stream } = this;
    const revoked = (): void => end('viewer-revoked', 'the view ticket was revoked');
    const viewer: ViewerInfo = {
      ...this.origin,
      id: randomUUID(),
      grant: stream.grant,
      stats: outlet.stats,
      end: (code) => end(code, 'the stream was ended'),
    };
    const keepAlive = keepAliveOf(player);
    metrics.viewerStarted(viewer);
    stream.ended?.addEventListener('abort', revoked);
    player.once('close', (closeCode, reason) => {
      clearInterval(keepAlive);
      stream.ended?.removeEventListener('abort', revoked);
      outlet.stop();
      metrics.viewerStopped(viewer, closeCode === CLOSE_REFUSED ? reason.toString() : 'viewer-closed');
    });
    if (stream.ended?.aborted) revoked();
  }

  private take(outlet: PlayerOutlet, data: RawData, isBinary: boolean): void {
    const ack = isBinary ? undefined : readAck(data as Buffer);
    if (ack !== undefined) return outlet.acknowledge(ack);
    const message = isBinary ? undefined : readPlayerMessage(data);
    if (message === undefined) return refusePlayer(this.player, 'invalid-request', 'the message is not understood');
    if ('ack' in message) outlet.acknowledge(message.ack);
    else this.channel.text({ pong: message.ping, at: performance.timeOrigin + performance.now() });
  }
}

/** Refuses what it was given before. */
export const endPlayer = (player: WebSocket, code: string, detail: string): void => {
  refusePlayer(player, code, detail);
  // One that takes nothing would not take the end either.
  setTimeout(() => player.terminate(), FAREWELL_MS).unref();
};

/** Pings the player, and lets it go when it has not shown a sign of life since the last time. */
export const keepAliveOf = (player: WebSocket): NodeJS.Timeout => {
  let isAlive = true;
  const heard = (): void => void (isAlive = true);
  player.on('pong', heard).on('message', heard);
  return setInterval(() => {
    if (!isAlive) return player.terminate();
    isAlive = false;
    player.ping();
  }, KEEP_ALIVE_MS);
};

const readPlayerMessage = (data: RawData): z.output<typeof fromPlayer> | undefined => {
  try {
    return fromPlayer.parse(JSON.parse((data as Buffer).toString()));
  } catch {
    return undefined;
  }
};
