import { Database, RunningStreamRepository, type RunningStreamRow } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { REDIRECTOR_ID } from './redirector-id.js';
import { isOwned, type OwnedStream, RunningStreams, type RunningStream } from './running-streams.js';
import { storableText } from './storable-text.js';
import { StreamSampler } from './stream.sampler.js';

/** Readers take a redirector for dead after 10 s. */
const BEAT_MS = 2_000;
const REFRESH_MS = 5_000;
const SOURCES_EVERY = 5;
const PRUNE_EVERY = 15;
/** Rows of one statement. */
const BATCH = 500;

/** Writes who watches here into the database, in batches; what it cannot write waits, and nobody who watches with it. */
@Injectable()
export class StreamJournal implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Streams that may have a row, and when it was last written. */
  private readonly written = new Map<string, number>();
  /** Tenants by streams that are over and may still have a row. */
  private readonly over = new Map<string, string>();
  /** Tenants that may have rows of sources. */
  private measured = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private beats = 0;
  private failing = false;
  private stopped = false;

  constructor(
    @Inject(REDIRECTOR_ID) private readonly redirectorId: string,
    private readonly database: Database,
    private readonly rows: RunningStreamRepository,
    private readonly running: RunningStreams,
    private readonly sampler: StreamSampler,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    running.onStopped((stream) => this.ended(stream));
  }

  onApplicationBootstrap(): void {
    this.next(0);
  }

  /** Before the database is closed: a stop in order leaves nothing behind. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.beating;
    await this.database.inSystem((tx) => this.rows.leave(tx, this.redirectorId)).catch(() => undefined);
  }

  private next(waitMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.beating = this.beat().finally(() => this.next(BEAT_MS));
    }, waitMs);
  }

  private ended({ id, viewer }: RunningStream): void {
    if (this.written.delete(id) && viewer.grant) this.over.set(id, viewer.grant.tenantId);
  }

  /** Never rejects. */
  private async beat(): Promise<void> {
    try {
      await this.live();
      await this.writeAll();
      if (this.beats % SOURCES_EVERY === 0) await this.writeSources();
      this.beats += 1;
      this.report(undefined);
    } catch (error) {
      this.report(error);
    }
  }

  /** While the database is away this fails first, so that nothing is held that may have no row. */
  private async live(): Promise<void> {
    const known = await this.database.inSystem(async (tx) => {
      if (this.beats % PRUNE_EVERY === 0) await this.rows.prune(tx);
      return this.rows.heartbeat(tx, this.redirectorId);
    });
    if (known) return;
    this.written.clear();
    this.over.clear();
  }

  private async writeAll(): Promise<void> {
    const due = performance.now() - REFRESH_MS;
    const present = [...this.running.all()].filter(isOwned).filter(({ isEnding }) => !isEnding);
    const unwritten = present.filter(({ id }) => (this.written.get(id) ?? -Infinity) <= due);
    const tenants = unwritten.map(({ viewer }) => viewer.grant.tenantId);
    for (const tenantId of new Set([...tenants, ...this.over.values()])) {
      const own = unwritten.filter(({ viewer }) => viewer.grant.tenantId === tenantId);
      await this.writeTenant(tenantId, own);
    }
  }

  private async writeTenant(tenantId: string, streams: OwnedStream[]): Promise<void> {
    const over = [...this.over].flatMap(([id, owner]) => (owner === tenantId ? [id] : []));
    // Noted before: one that ends meanwhile may have got its row.
    for (const { id } of streams) this.written.set(id, -Infinity);
    await this.database.inTenant(tenantId, async (tx) => {
      await this.rows.remove(tx, tenantId, over);
      for (let at = 0; at < streams.length; at += BATCH) {
        await this.rows.write(tx, tenantId, this.redirectorId, streams.slice(at, at + BATCH).map(toRow));
      }
    });
    for (const id of over) this.over.delete(id);
    const now = performance.now();
    for (const { id } of streams) if (this.written.has(id)) this.written.set(id, now);
  }

  private async writeSources(): Promise<void> {
    const sources = this.sampler.sources();
    for (const tenantId of new Set([...sources.keys(), ...this.measured])) {
      const rows = sources.get(tenantId) ?? [];
      await this.database.inTenant(tenantId, (tx) => this.rows.writeSources(tx, tenantId, this.redirectorId, rows));
    }
    this.measured = new Set(sources.keys());
  }

  private report(error: unknown): void {
    const failing = error !== undefined;
    if (failing && !this.failing) this.logger.error({ err: error }, 'who watches cannot be written: it waits');
    if (!failing && this.failing) this.logger.info('who watches is written again');
    this.failing = failing;
  }
}

const toRow = ({ id, viewer, stalledMs }: OwnedStream): RunningStreamRow => {
  const { grant, stats } = viewer;
  return {
    id,
    siteId: grant.siteId,
    cameraId: grant.cameraId,
    ticketId: grant.ticketId ?? null,
    siteLabel: grant.site,
    camera: storableText(grant.camera, 200),
    usage: grant.usage,
    kind: viewer.kind,
    watchedBy: storableText(grant.user, 200),
    level: grant.level,
    transport: viewer.transport,
    reason: viewer.reason,
    fallbackFrom: viewer.fallbackFrom ?? null,
    encrypted: viewer.encrypted,
    remoteAddress: storableText(viewer.remoteAddress, 100),
    client: viewer.userAgent === undefined ? null : storableText(viewer.userAgent, 200),
    startedAt: new Date(stats.startedAt),
    figures: {
      bytes: stats.bytes,
      units: stats.units,
      droppedUnits: stats.droppedUnits,
      dropEpisodes: stats.dropEpisodes,
      backlogBytes: stats.backlogBytes,
      stalledSeconds: stalledMs / 1_000,
      firstFrameMs: stats.firstKeyMs ?? null,
      lagMs: stats.lagMs ?? null,
      lossFraction: stats.lossFraction ?? null,
    },
  };
};
