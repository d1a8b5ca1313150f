import { siteCondition, type SiteCondition } from '@app/contracts';
import {
  type AgentViewRow,
  AgentViewRepository,
  SiteDiagnosisRepository,
  SiteRepository,
  type Transaction,
  type TunnelRow,
  TunnelViewRepository,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { DeviceTimes } from '../command/device-times.js';
import { cameraSummary, type SiteVideo, videoOf } from './camera-summary.js';
import type { CameraSummary } from './diagnosis.dto.js';

const MOST_AGENTS = 200;

/** All rows about a site but those of its outages. */
export interface SiteRows {
  hasIdentity: boolean;
  agent: AgentViewRow | undefined;
  tunnel: TunnelRow | undefined;
  lastEnd: { at: Date; reason: string } | undefined;
  condition: SiteCondition | null;
  reportedAt: Date | null;
  video: SiteVideo;
  /** The slowest device that was commanded of late; null when none was. */
  deviceMs: number | null;
  cameras: CameraSummary;
}

@Injectable()
export class DiagnosisReads {
  constructor(
    @Inject(SiteRepository) private readonly sites: SiteRepository,
    @Inject(AgentViewRepository) private readonly agents: AgentViewRepository,
    @Inject(TunnelViewRepository) private readonly tunnels: TunnelViewRepository,
    @Inject(SiteDiagnosisRepository) private readonly repository: SiteDiagnosisRepository,
    @Inject(DeviceTimes) private readonly deviceTimes: DeviceTimes,
  ) {}

  async of(tx: Transaction, tenantId: string, siteId: string): Promise<SiteRows> {
    const agents = await this.agents.list(tx, tenantId, { siteId }, { limit: MOST_AGENTS });
    const told = await this.repository.condition(tx, tenantId, siteId);
    const condition = siteCondition.safeParse(told?.condition);
    const video = videoOf(await this.repository.sources(tx, tenantId, siteId));
    return {
      hasIdentity: await this.sites.isInUse(tx, tenantId, siteId),
      agent: agents.items.findLast(({ state }) => state !== 'pending'),
      tunnel: await this.tunnels.find(tx, tenantId, siteId),
      lastEnd: await this.repository.lastEnd(tx, tenantId, siteId),
      condition: condition.success ? condition.data : null,
      reportedAt: condition.success && told ? told.reportedAt : null,
      video,
      deviceMs: await this.deviceMs(tx, tenantId, siteId),
      cameras: await cameraSummary(tx, this.repository, tenantId, siteId, video),
    };
  }

  private async deviceMs(tx: Transaction, tenantId: string, siteId: string): Promise<number | null> {
    const times = this.deviceTimes.recent(tenantId);
    if (times.length === 0) return null;
    const ids = times.map(({ entityId }) => entityId);
    const here = new Set(await this.repository.entitiesOf(tx, tenantId, siteId, ids));
    const ms = times.filter(({ entityId }) => here.has(entityId)).map((time) => time.ms);
    return ms.length === 0 ? null : Math.max(...ms);
  }
}
