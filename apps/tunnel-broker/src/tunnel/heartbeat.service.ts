import { BrokerRepository, type BrokerRow, Database, TunnelSessionRepository } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SessionJournal } from './session-journal.js';
import { type LiveSession, SessionRegistry } from './session-registry.js';

/** Routes are stale after 15 s without one. */
export const HEARTBEAT_MS = 5_000;

/** Tells the database, every five seconds, that this broker and its sessions live, and brings both views together again. */
@Injectable()
export class HeartbeatService implements OnApplicationShutdown {
  private broker: BrokerRow | undefined;
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private failing = false;

  constructor(
    private readonly database: Database,
    private readonly brokers: BrokerRepository,
    private readonly sessions: TunnelSessionRepository,
    private readonly registry: SessionRegistry,
    private readonly journal: SessionJournal,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Registers the broker; what an earlier process left open at the same address is closed. */
  async start(broker: BrokerRow): Promise<void> {
    await this.database.inSystem(async (tx) => {
      await this.brokers.heartbeat(tx, broker);
      await this.brokers.retirePredecessors(tx, broker);
      await this.sessions.closeStale(tx);
    });
    this.broker = broker;
    this.timer = setInterval(() => void this.beat(), HEARTBEAT_MS);
  }

  /** After the drain: a broker without a heartbeat is taken for dead, and its sessions with it. */
  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Dialers prefer other brokers from now on. @returns whether there is one that agents can go to */
  async drain(): Promise<boolean> {
    const id = this.broker?.id;
    if (id === undefined) return false;
    return this.database.inSystem(async (tx) => {
      await this.brokers.setState(tx, id, 'draining');
      return this.brokers.hasSuccessor(tx, id);
    });
  }

  /** Every end on record, and that of the broker itself. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.journal.settle();
    const id = this.broker?.id;
    if (id !== undefined) await this.database.inSystem((tx) => this.brokers.setState(tx, id, 'stopped'));
  }

  /** One at a time; never rejects. */
  beat(): Promise<void> {
    this.beating ??= this.pulse()
      .then(
        () => this.report(undefined),
        (error: unknown) => this.report(error),
      )
      .finally(() => {
        this.beating = undefined;
      });
    return this.beating;
  }

  private async pulse(): Promise<void> {
    const { broker } = this;
    if (broker === undefined) return;
    await this.database.inSystem((tx) => this.brokers.heartbeat(tx, broker));
    await this.journal.settle();
    // A suspended session is not seen: its row says since when, and stays open until the resume window ends.
    const live = this.registry.all().filter(({ registered, session }) => registered && !session.suspended);
    for (const tenantId of new Set(live.map((one) => one.tenantId))) {
      const sessions = live.filter((one) => one.tenantId === tenantId);
      await this.pulseTenant(broker.id, tenantId, sessions);
    }
    await this.database.inSystem((tx) => this.sessions.closeStale(tx));
  }

  /**
   * A session without an open row was ended elsewhere, and the notification about it got lost. One without any row was
   * lost with the database.
   */
  private async pulseTenant(brokerId: string, tenantId: string, live: LiveSession[]): Promise<void> {
    const pulses = live.map(({ id, session }) => ({ id, rttMs: session.rttMs ?? null }));
    const open = new Set(await this.database.inTenant(tenantId, (tx) => this.sessions.pulse(tx, brokerId, pulses)));
    const ended = live.filter(({ id }) => !open.has(id));
    if (ended.length === 0) return;
    const ids = ended.map(({ id }) => id);
    const known = new Set(await this.database.inTenant(tenantId, (tx) => this.sessions.known(tx, ids)));
    for (const { id, session } of ended) {
      if (known.has(id)) session.close('superseded', 'the agent is connected elsewhere');
      else session.close('database-restored', 'the database was restored');
    }
  }

  private report(error: unknown): void {
    const failing = error !== undefined;
    if (failing && !this.failing)
      this.logger.error({ err: error }, 'the database is away: tunnels stay, their rows wait');
    if (!failing && this.failing) this.logger.info('the database is back');
    this.failing = failing;
  }
}
