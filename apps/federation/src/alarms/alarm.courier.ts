import { directory } from '@app/contracts';
import { type AlarmDelivery, AlarmRepository, type AlarmRow, Database } from '@app/persistence';
import { LOGGER, type AppLogger } from '@app/runtime';
import { Code, ConnectError } from '@connectrpc/connect';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import type { Contact } from '../connections/directory-session.js';

const POLL_MS = 2_000;
/** Of one site in one round: commands of people go before. */
const EACH = 20;
/** After an attempt without an answer. */
const RETRY_SECONDS = 10;
/** Nobody contends for an acknowledgement: the level of an operator without a special one. */
const USER_LEVEL = 128;
const MAX_REASON = 200;

interface Site {
  tenantId: string;
  siteId: string;
}
interface Answer {
  outcome: Exclude<AlarmDelivery, 'none' | 'pending'>;
  reason: string | null;
}

const { ExecuteResponse_Outcome: Outcome } = directory;

/** An answer that will be no other the next time. */
const FINAL: Partial<Record<Code, Answer['outcome']>> = {
  [Code.Unimplemented]: 'unsupported',
  [Code.PermissionDenied]: 'refused',
  [Code.InvalidArgument]: 'refused',
  [Code.NotFound]: 'refused',
};

/**
 * Tells sites which of their alarms were acknowledged, as soon as they are there. What is to be told is a row: neither an
 * absent site nor the end of this process loses it. A site that was told and whose answer was lost is told again.
 */
@Injectable()
export class AlarmCourier implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly alarms: AlarmRepository,
    private readonly supervisor: ConnectionSupervisor,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(), POLL_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.looking;
  }

  /** One round at a time; several calls make one more. */
  look(): void {
    if (this.closed) return;
    if (this.looking !== undefined) {
      this.again = true;
      return;
    }
    this.again = false;
    this.looking = this.goRound()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'acknowledgements have to wait'))
      .finally(() => {
        this.looking = undefined;
        if (this.again) this.look();
      });
  }

  private async goRound(): Promise<void> {
    const sites = await this.database.inSystem((tx) => this.alarms.dueSites(tx));
    // A site that is slow to answer holds up none of the others.
    await Promise.all(sites.map((site) => this.tellSite(site)));
  }

  private async tellSite(site: Site): Promise<void> {
    const contact = this.supervisor.alarmContact(site.siteId);
    if (contact === undefined) return;
    const { tenantId } = site;
    for (const alarm of await this.database.inTenant(tenantId, (tx) => this.alarms.due(tx, site, EACH))) {
      const answer = await this.tell(contact, alarm);
      if (answer === undefined) {
        const reason = 'the site did not answer';
        await this.database.inTenant(tenantId, (tx) =>
          this.alarms.postpone(tx, tenantId, alarm.id, RETRY_SECONDS, reason),
        );
        return;
      }
      await this.settle(tenantId, alarm, answer);
    }
  }

  /** Undefined without an answer. */
  private async tell(contact: Contact, alarm: AlarmRow): Promise<Answer | undefined> {
    const { sourceId, remoteAlarmId, acknowledgedBy } = alarm;
    try {
      const { outcome, reason } = await contact.execute({
        entityId: sourceId,
        userLevel: USER_LEVEL,
        user: acknowledgedBy ?? '',
        command: { case: 'acknowledgeAlarm', value: { alarmId: remoteAlarmId } },
      });
      return { outcome: outcomeOf(outcome), reason: tidy(reason) };
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      const final = FINAL[code];
      return final && { outcome: final, reason: tidy(rawMessage) };
    }
  }

  private async settle(tenantId: string, { id, siteId }: AlarmRow, { outcome, reason }: Answer): Promise<void> {
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.alarms.settle(tx, tenantId, id, outcome, reason))) return;
      const details = { siteId, outcome, reason };
      await tx.audit(tenantId, { actor: 'system', action: 'alarm.forwarded', subject: id, details });
    });
  }
}

const outcomeOf = (outcome: directory.ExecuteResponse_Outcome): Answer['outcome'] =>
  outcome === Outcome.DONE ? 'done' : outcome === Outcome.REFUSED ? 'refused' : 'unsupported';

/** The words of a stranger. */
const tidy = (text: string): string | null =>
  text
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim()
    .slice(0, MAX_REASON)
    .replace(/\p{Cs}/gu, '') || null;
