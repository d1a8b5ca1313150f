import { DomainError, type alarmAcknowledge } from '@app/contracts';
import { AlarmRepository, Database } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AlarmCourier } from './alarm.courier.js';

/** Alarms as operators deal with them. */
@Injectable()
export class AlarmService {
  constructor(
    private readonly database: Database,
    private readonly alarms: AlarmRepository,
    private readonly courier: AlarmCourier,
  ) {}

  /** @throws DomainError `alarm-not-found` */
  async acknowledge(request: z.output<typeof alarmAcknowledge.request>): Promise<object> {
    const { tenantId, alarmId, actor, correlationId } = request;
    const isNew = await this.database.inTenant(tenantId, async (tx) => {
      const alarm = await this.alarms.findForUpdate(tx, tenantId, alarmId);
      if (alarm === undefined) throw new DomainError('alarm-not-found', 'there is no such alarm');
      if (alarm.state === 'acknowledged') return false;
      await this.alarms.acknowledge(tx, tenantId, alarmId, actor);
      const details = { siteId: alarm.siteId, entityId: alarm.entityId, correlationId };
      await tx.audit(tenantId, { actor, action: 'alarm.acknowledged', subject: alarmId, details });
      return true;
    });
    if (isNew) this.courier.look();
    return {};
  }
}
