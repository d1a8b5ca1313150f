import { CONTROL_SERVICE, type ControlAnswer, trustAcknowledge } from '@app/contracts';
import { type AppLogger, LOGGER, MessageClient } from '@app/runtime';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import { type LiveSession, SessionRegistry } from '../tunnel/session-registry.js';

/** Of early renewals: what the issuer signs with ease beside everything else. */
const RENEWAL_SPREAD_MS = 100;
const LONGEST_SPREAD_MS = 3_600_000;
const GATHER_MS = 200;
const RETRY_MS = 2_000;
const MAX_AT_ONCE = 500;
const KNOCK_PAUSE_MS = 5;
const KNOCK_TIMEOUT_MS = 5_000;

interface Acknowledgement {
  tenantId: string;
  agentId: string;
  bundleVersion: number;
}

/** Tells agents whom to trust and when to renew early, and the issuer which agents know. */
@Injectable()
export class TrustService implements OnModuleDestroy {
  /** What the issuer was told, for as long as the session lives. */
  private readonly told = new WeakMap<LiveSession, number>();
  /** By agent: not told yet. */
  private waiting = new Map<string, Acknowledgement>();
  private timer: NodeJS.Timeout | undefined;
  private round = 0;
  private closed = false;

  constructor(
    private readonly identity: BrokerIdentityService,
    private readonly registry: SessionRegistry,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    identity.onChange(() => void this.knock());
  }

  onModuleDestroy(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** @param held version of the list that the agent says it has */
  answer(live: LiveSession, held: number): ControlAnswer<'trust'> {
    const { bundleVersion, signedTrust, renewOtherThan } = this.identity.current;
    if (held > 1 && held <= bundleVersion) this.note(live, held);
    return {
      bundleVersion,
      signedTrust: held < bundleVersion ? signedTrust : null,
      renewOtherThan,
      spreadMs: Math.min(this.registry.all().length * RENEWAL_SPREAD_MS, LONGEST_SPREAD_MS),
    };
  }

  private note(live: LiveSession, bundleVersion: number): void {
    if ((this.told.get(live) ?? 0) >= bundleVersion) return;
    this.told.set(live, bundleVersion);
    const { tenantId, agentId } = live;
    this.waiting.set(agentId, { tenantId, agentId, bundleVersion });
    this.gather(GATHER_MS);
  }

  private gather(waitMs: number): void {
    if (!this.closed) this.timer ??= setTimeout(() => void this.send(), waitMs);
  }

  private async send(): Promise<void> {
    const batch = [...this.waiting.values()].slice(0, MAX_AT_ONCE);
    for (const { agentId } of batch) this.waiting.delete(agentId);
    let waitMs = GATHER_MS;
    try {
      await this.messages.request(trustAcknowledge, { acknowledgements: batch });
    } catch (error) {
      this.logger.debug({ err: error }, 'the issuer cannot be told now who knows its roots');
      const newer = this.waiting;
      this.waiting = new Map([...batch.map((one): [string, Acknowledgement] => [one.agentId, one]), ...newer]);
      waitMs = RETRY_MS;
    }
    this.timer = undefined;
    if (this.waiting.size > 0) this.gather(waitMs);
  }

  /** Agents that are here ask again; one after the other, and anew when something changes meanwhile. */
  private async knock(): Promise<void> {
    this.round += 1;
    const { round } = this;
    for (const { session } of this.registry.all()) {
      if (round !== this.round || this.closed) return;
      if (session.state === 'open' && !session.suspended) {
        session.open({ service: CONTROL_SERVICE, class: 'control', timeoutMs: KNOCK_TIMEOUT_MS }).then(
          (channel) => channel.reset('cancelled'),
          () => undefined, // an agent of before has no such service, and asks now and then
        );
      }
      await delay(KNOCK_PAUSE_MS);
    }
  }
}
