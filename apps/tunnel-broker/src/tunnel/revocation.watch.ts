import {
  AgentAdmissionRepository,
  Database,
  FEED_START,
  type FeedPage,
  type FeedPlace,
  Listener,
  type Revocation,
  RevocationFeedRepository,
} from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BrokerConfig } from '../config.js';
import { HeartbeatService } from './heartbeat.service.js';
import { SessionRegistry } from './session-registry.js';
import { StandingService } from './standing.service.js';

/** Notifications get lost: the table is read this often anyway. */
const POLL_MS = 2_000;
/** What the feed does not tell, such as a change by hand, takes effect this soon. */
const STANDING_MS = 15_000;

/** Ends live sessions that were revoked, or superseded at another broker; hears of those that went on there. */
@Injectable()
export class RevocationWatch implements OnApplicationShutdown {
  private readonly listener: Listener;
  /** Of all transactions before this one everything is applied. */
  private horizon = FEED_START.transaction;
  private generation: string | null = null;
  private readonly timers: NodeJS.Timeout[] = [];
  private reading = false;
  private again = false;

  constructor(
    @Inject(CONFIG) config: BrokerConfig,
    private readonly database: Database,
    private readonly feed: RevocationFeedRepository,
    private readonly admissions: AgentAdmissionRepository,
    private readonly registry: SessionRegistry,
    private readonly heartbeat: HeartbeatService,
    private readonly standing: StandingService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.listener = new Listener({
      url: config.ADIT_DATABASE_URL.reveal(),
      channels: ['revocation', 'tunnel_superseded', 'tunnel_moved'],
      onNotification: (channel, payload) => {
        if (channel === 'revocation') void this.read();
        else if (channel === 'tunnel_moved') this.registry.handOver(payload);
        else this.registry.get(payload)?.session.close('superseded', 'a newer connection of this agent');
      },
      onConnected: () => {
        void this.read();
        void this.heartbeat.beat();
        void this.standing.check();
      },
    });
  }

  /** Before the first session: what was revoked until now is refused by the admission. */
  async start(): Promise<void> {
    await this.database.inSystem(async (tx) => {
      this.generation = (await this.feed.generation(tx)).generation;
      this.horizon = await this.feed.horizon(tx);
    });
    this.listener.start();
    this.timers.push(
      setInterval(() => void this.read(), POLL_MS),
      setInterval(() => void this.standing.check(), STANDING_MS),
    );
  }

  /** After the drain: what is revoked meanwhile ends meanwhile. */
  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.listener.close();
  }

  /** A read that is under way may have missed what just happened: one more follows it. */
  private async read(): Promise<void> {
    this.again = true;
    if (this.reading) return;
    this.reading = true;
    while (this.again) {
      this.again = false;
      await this.readOnce();
    }
    this.reading = false;
  }

  private async readOnce(): Promise<void> {
    try {
      let place: FeedPlace | undefined = { ...FEED_START, transaction: this.horizon };
      let horizon: string | undefined;
      while (place !== undefined) {
        const page = await this.page(place);
        if (page === undefined) return;
        // Pages are looks of their own: only what had ended before the first of them is in one of them for sure.
        horizon ??= page.horizon;
        for (const revocation of page.revocations) await this.apply(revocation);
        place = page.next;
      }
      this.horizon = horizon ?? this.horizon;
    } catch (error) {
      this.logger.debug({ err: error }, 'the list of revocations cannot be read now');
    }
  }

  /** @returns undefined when it is another database than before: everything begins anew */
  private async page(place: FeedPlace): Promise<FeedPage | undefined> {
    const { generation, page } = await this.database.inSystem(async (tx) => ({
      generation: (await this.feed.generation(tx)).generation,
      page: await this.feed.after(tx, place),
    }));
    // In one cluster the horizon never goes back.
    if (generation === this.generation && BigInt(page.horizon) >= BigInt(this.horizon)) return page;
    this.beginAnew(generation);
    return undefined;
  }

  /**
   * Another database than before: the numbers of transactions begin again, and sessions that it does not know are ended by
   * the heartbeat, so that their agents come again and are judged by it.
   */
  private beginAnew(generation: string | null): void {
    this.logger.warn({ generation }, 'the database was restored');
    this.generation = generation;
    this.horizon = FEED_START.transaction;
    this.again = true;
    void this.heartbeat.beat();
    void this.standing.check();
  }

  /** Twice does no harm: what was revoked stays so, and a lock is looked up. */
  private async apply(revocation: Revocation): Promise<void> {
    const { agentId, serial, reason } = revocation;
    if (revocation.effect === 'locked') return this.cutLocked(revocation);
    for (const live of this.registry.ofAgent(agentId)) {
      if (serial !== null && serial !== live.serial) continue;
      this.logger.warn({ sessionId: live.id, agentId, reason }, 'a live tunnel is revoked');
      live.session.close(serial === null ? 'agent-revoked' : 'certificate-revoked', 'revoked by an operator');
    }
  }

  /** A lock can be undone, and rows are read more than once: what the record says now is what counts. */
  private async cutLocked({ agentId, reason }: Revocation): Promise<void> {
    for (const live of this.registry.ofAgent(agentId)) {
      const record = await this.database.inSystem((tx) => this.admissions.find(tx, live.serial));
      if (record?.agentState !== 'locked') continue;
      this.logger.warn({ sessionId: live.id, agentId, reason }, 'a live tunnel is cut: its agent is locked');
      live.session.close('agent-locked', 'the agent is locked');
    }
  }
}
