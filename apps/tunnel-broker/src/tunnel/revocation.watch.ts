import {
  AgentAdmissionRepository,
  Database,
  Listener,
  type Revocation,
  RevocationFeedRepository,
} from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BrokerConfig } from '../config.js';
import { HeartbeatService } from './heartbeat.service.js';
import { SessionRegistry } from './session-registry.js';

/** Notifications get lost: the table is read this often anyway. */
const POLL_MS = 2_000;

/** Ends live sessions that were revoked, or superseded at another broker; hears of those that went on there. */
@Injectable()
export class RevocationWatch implements OnApplicationShutdown {
  private readonly listener: Listener;
  private lastSeq = 0;
  private generation: string | null = null;
  private timer: NodeJS.Timeout | undefined;
  private reading = false;
  private again = false;

  constructor(
    @Inject(CONFIG) config: BrokerConfig,
    private readonly database: Database,
    private readonly feed: RevocationFeedRepository,
    private readonly admissions: AgentAdmissionRepository,
    private readonly registry: SessionRegistry,
    private readonly heartbeat: HeartbeatService,
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
      },
    });
  }

  /** Before the first session: what was revoked until now is refused by the admission. */
  async start(): Promise<void> {
    await this.database.inSystem(async (tx) => {
      this.generation = (await this.feed.generation(tx)).generation;
      this.lastSeq = await this.feed.lastSeq(tx);
    });
    this.listener.start();
    this.timer = setInterval(() => void this.read(), POLL_MS);
  }

  /** After the drain: what is revoked meanwhile ends meanwhile. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
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
      const { generation, revocations } = await this.database.inSystem(async (tx) => ({
        generation: (await this.feed.generation(tx)).generation,
        revocations: await this.feed.after(tx, this.lastSeq),
      }));
      if (generation !== this.generation) {
        this.beginAnew(generation);
        return;
      }
      for (const revocation of revocations) await this.apply(revocation);
    } catch (error) {
      this.logger.debug({ err: error }, 'the list of revocations cannot be read now');
    }
  }

  /**
   * Another database than before: the numbers of revocations begin again, and sessions that it does not know are ended by
   * the heartbeat, so that their agents come again and are judged by it.
   */
  private beginAnew(generation: string | null): void {
    this.logger.warn({ generation }, 'the database was restored');
    this.generation = generation;
    this.lastSeq = 0;
    this.again = true;
    void this.heartbeat.beat();
  }

  private async apply(revocation: Revocation): Promise<void> {
    const { seq, agentId, serial, reason } = revocation;
    if (revocation.effect === 'locked') await this.cutLocked(revocation);
    this.lastSeq = Math.max(this.lastSeq, seq);
    if (revocation.effect === 'locked') return;
    for (const live of this.registry.ofAgent(agentId)) {
      if (serial !== null && serial !== live.serial) continue;
      this.logger.warn({ sessionId: live.id, agentId, reason }, 'a live tunnel is revoked');
      live.session.close(serial === null ? 'agent-revoked' : 'certificate-revoked', 'revoked by an operator');
    }
  }

  /** A lock can be undone, and the feed is read with an overlap: what the record says now is what counts. */
  private async cutLocked({ agentId, reason }: Revocation): Promise<void> {
    for (const live of this.registry.ofAgent(agentId)) {
      const record = await this.database.inSystem((tx) => this.admissions.find(tx, live.serial));
      if (record?.agentState !== 'locked') continue;
      this.logger.warn({ sessionId: live.id, agentId, reason }, 'a live tunnel is cut: its agent is locked');
      live.session.close('agent-locked', 'the agent is locked');
    }
  }
}
