import { browserViewer, type PlayerChannel, type ViewerOrigin } from '@app/media';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { codeOf } from '../streams/refusal.js';
import { channelOf } from './player-channel.js';
import { MAX_MESSAGE_BYTES, PlayerConnection, refusePlayer } from './player.connection.js';
import { RecordingConnection } from './recording.connection.js';
import type { StreamTarget } from './web-request.js';
import { WebStreamResolver } from './web-stream.resolver.js';

const MAX_WAITING = 200;
const TICKET_TIMEOUT_MS = 5_000;

const opening = z.strictObject({ ticket: z.string().max(MAX_MESSAGE_BYTES) });

/** The page's WebSocket: the ticket comes first, in a message, so that no log of addresses holds it. */
@Injectable()
export class PlayerSocket implements OnApplicationShutdown {
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  /** Sockets that have not shown a right yet. */
  private waiting = 0;

  constructor(
    private readonly streams: WebStreamResolver,
    private readonly metrics: RedirectorMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  get isFull(): boolean {
    return this.waiting >= MAX_WAITING;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, target: StreamTarget, address: string): void {
    this.server.handleUpgrade(request, socket, head, (player) => {
      player.on('error', () => undefined);
      const path = `/${target.site}/${target.camera}`;
      const viewer = browserViewer('mse', request.headers['user-agent']);
      const origin = { path, remoteAddress: address, ...viewer };
      const channel = channelOf(player, socket);
      this.serve(player, channel, target, origin).catch((error: unknown) => this.failed(player, error));
    });
  }

  onApplicationShutdown(): void {
    for (const player of this.server.clients) player.terminate();
    this.server.close();
  }

  private async serve(
    player: WebSocket,
    channel: PlayerChannel,
    target: StreamTarget,
    origin: ViewerOrigin,
  ): Promise<void> {
    const stream = await this.admitted(player, target, origin.remoteAddress);
    if ('status' in stream) {
      this.metrics.refusedPlayer(stream.status, stream.code);
      refusePlayer(player, stream.code, stream.detail);
    } else if (player.readyState === player.OPEN) {
      if ('recording' in stream) await new RecordingConnection(player, channel, stream, origin, this.metrics).start();
      else await new PlayerConnection(player, channel, stream, origin, this.metrics).start();
    }
  }

  private async admitted(
    player: WebSocket,
    target: StreamTarget,
    address: string,
  ): ReturnType<WebStreamResolver['resolveAny']> {
    this.waiting++;
    try {
      return await this.streams.resolveAny(target, await firstTicket(player), address);
    } finally {
      this.waiting--;
    }
  }

  private failed(player: WebSocket, error: unknown): void {
    const code = codeOf(error);
    if (code === 'internal') this.logger.error({ err: error }, 'a player could not be served');
    this.metrics.refusedPlayer(code === 'internal' ? 500 : 503, code);
    refusePlayer(player, code, error instanceof Error && code !== 'internal' ? error.message : '');
  }
}

/** Undefined when something else comes, or nothing in time. */
const firstTicket = (player: WebSocket): Promise<string | undefined> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), TICKET_TIMEOUT_MS);
    const done = (ticket: string | undefined): void => {
      clearTimeout(timer);
      resolve(ticket);
    };
    player.once('close', () => done(undefined));
    player.once('message', (data: RawData, isBinary) =>
      done(isBinary ? undefined : ticketIn((data as Buffer).toString())),
    );
  });

const ticketIn = (text: string): string | undefined => {
  try {
    return opening.parse(JSON.parse(text)).ticket;
  } catch {
    return undefined;
  }
};
