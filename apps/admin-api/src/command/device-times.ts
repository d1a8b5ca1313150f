import { Injectable } from '@nestjs/common';

/** How long a device took for the last command of an entity that went through this process. */
export interface DeviceTime {
  entityId: string;
  ms: number;
}

interface Noted extends DeviceTime {
  tenantId: string;
  atMs: number;
}

const KEPT_MS = 600_000;
const MOST = 2_000;

/** What commands tell of the way from sites to their devices, for ten minutes: nobody measures it for its own sake. */
@Injectable()
export class DeviceTimes {
  /** By entity, the oldest first. */
  private readonly noted = new Map<string, Noted>();

  note(tenantId: string, entityId: string, ms: number, atMs = Date.now()): void {
    this.noted.delete(entityId);
    this.noted.set(entityId, { tenantId, entityId, ms, atMs });
    const [oldest] = this.noted.keys();
    if (this.noted.size > MOST && oldest !== undefined) this.noted.delete(oldest);
  }

  recent(tenantId: string, nowMs = Date.now()): DeviceTime[] {
    const recent = [...this.noted.values()].filter((one) => one.tenantId === tenantId && nowMs - one.atMs <= KEPT_MS);
    return recent.map(({ entityId, ms }) => ({ entityId, ms }));
  }
}
