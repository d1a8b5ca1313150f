import { alarmAcknowledge, DomainError } from '@app/contracts';
import { AlarmRepository, type AlarmRow, Database, type Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import type { Alarm, AlarmQuery } from './alarm.dto.js';

/** Reads alarms; federation, which hears of them, changes them. */
@Injectable()
export class AlarmService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AlarmRepository) private readonly alarms: AlarmRepository,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  async list(tenantId: string, query: AlarmQuery): Promise<Page<Alarm>> {
    const request = toPageRequest(query);
    const { state, siteId } = query;
    const page = await this.database.inTenant(tenantId, (tx) =>
      this.alarms.list(tx, tenantId, { state, siteId }, request),
    );
    return { ...page, items: page.items.map(toAlarm) };
  }

  /** @throws DomainError `alarm-not-found` */
  async find(tenantId: string, id: string): Promise<Alarm> {
    const row = await this.database.inTenant(tenantId, (tx) => this.alarms.find(tx, tenantId, id));
    if (!row) throw new DomainError('alarm-not-found', 'there is no such alarm');
    return toAlarm(row);
  }

  /** One that is acknowledged already is answered as it is. @throws DomainError `alarm-not-found` */
  async acknowledge({ tenantId, actor, correlationId }: Caller, alarmId: string): Promise<Alarm> {
    await this.messages.request(alarmAcknowledge, { tenantId, actor, correlationId, alarmId });
    return this.find(tenantId, alarmId);
  }
}

const toAlarm = ({ raisedAt, siteTime, acknowledgedAt, ...row }: AlarmRow): Alarm => ({
  ...row,
  raisedAt: raisedAt.toISOString(),
  siteTime: siteTime?.toISOString() ?? null,
  acknowledgedAt: acknowledgedAt?.toISOString() ?? null,
});
