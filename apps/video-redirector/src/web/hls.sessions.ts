import { HlsPackager, type Hub, newStats, type Place, type ViewerInfo, type ViewerOrigin } from '@app/media';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { RedirectorMetrics } from '../rtsp/redirector.metrics.js';
import { takePlace } from './place.js';
import type { WebStream } from './web-stream.resolver.js';

const IDLE_MS = 30_000;
const SWEEP_MS = 2_000;
const MAX_SESSIONS = 1_000;
const ID_BYTES = 24;

/** One player that fetches a stream piece by piece. Who knows its id, and has its address, has its right. */
export interface HlsSession {
  readonly id: string;
  readonly viewer: ViewerInfo;
  readonly packager: HlsPackager;
  usedAt: number;
  end(code: string): void;
}

/** Players of LL-HLS: their requests share no connection, so what they have shown at first is remembered for as long as they come. */
@Injectable()
export class HlsSessions implements OnApplicationShutdown {
  private readonly sessions = new Map<string, HlsSession>();
  /** One packager for all who watch the same hub; opened with the first of them, closed with the last. */
  private readonly packagers = new Map<Hub, HlsPackager>();
  private readonly timer = setInterval(() => this.sweep(), SWEEP_MS).unref();

  constructor(private readonly metrics: RedirectorMetrics) {}

  get isFull(): boolean {
    return this.sessions.size >= MAX_SESSIONS;
  }

  /** @throws MediaError of the source, or `stream-not-playable`; DomainError when there is no place */
  async open(stream: WebStream, origin: ViewerOrigin): Promise<HlsSession> {
    const { hub, ended, grant } = stream;
    const packager = await this.packagerOf(hub);
    const id = randomBytes(ID_BYTES).toString('base64url');
    const viewer: ViewerInfo = { ...origin, id, grant, stats: newStats(), end: (code) => session.end(code) };
    const revoked = (): void => session.end('viewer-revoked');
    const session: HlsSession = {
      id,
      viewer,
      packager,
      usedAt: performance.now(),
      end: (code) => {
        if (!this.sessions.delete(id)) return;
        ended?.removeEventListener('abort', revoked);
        place?.leave();
        this.metrics.viewerStopped(viewer, code);
        this.closeUnused(hub, packager);
      },
    };
    const place = this.placeFor(stream, session);
    this.sessions.set(id, session);
    this.metrics.viewerStarted(viewer);
    ended?.addEventListener('abort', revoked);
    if (ended?.aborted) revoked();
    return session;
  }

  /** Undefined when it is over, or another viewer's. */
  find(id: string, address: string): HlsSession | undefined {
    const session = this.sessions.get(id);
    if (!session || session.viewer.remoteAddress !== address) return undefined;
    session.usedAt = performance.now();
    return session;
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const session of [...this.sessions.values()]) session.end('viewer-closed');
  }

  private placeFor(stream: WebStream, session: HlsSession): Place | undefined {
    const { viewer, packager } = session;
    const bytes = (): number => viewer.stats.bytes;
    try {
      return takePlace(stream, { transport: 'hls', bytes, end: (code) => session.end(code) });
    } catch (error) {
      this.closeUnused(stream.hub, packager);
      throw error;
    }
  }

  private async packagerOf(hub: Hub): Promise<HlsPackager> {
    const description = await hub.describe();
    const known = this.packagers.get(hub);
    if (known && !known.error) return known;
    const made = new HlsPackager(hub, description);
    made.start();
    this.packagers.set(hub, made);
    return made;
  }

  private closeUnused(hub: Hub, packager: HlsPackager): void {
    if ([...this.sessions.values()].some((session) => session.packager === packager)) return;
    packager.stop();
    if (this.packagers.get(hub) === packager) this.packagers.delete(hub);
  }

  private sweep(): void {
    const now = performance.now();
    for (const session of [...this.sessions.values()]) {
      if (session.packager.error) session.end(session.packager.error.code);
      else if (now - session.usedAt > IDLE_MS) session.end('viewer-timeout');
    }
  }
}
