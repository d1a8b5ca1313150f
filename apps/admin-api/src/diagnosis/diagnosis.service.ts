import { DomainError, type FederationRole, parseTunnelAddress, roleList } from '@app/contracts';
import { Database } from '@app/persistence';
import { CONFIG, MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { SiteService } from '../site/site.service.js';
import type { Diagnosis, HostView, RoleView, SiteView, Uplink } from './diagnosis.dto.js';
import { DiagnosisReads, type SiteRows } from './diagnosis.reads.js';
import { findingsOf, verdictOf } from './findings.js';
import { hopsOf, slowHopOf } from './hops.js';
import { OutageService } from './outage.service.js';

const HOUR_MS = 3_600_000;
/** Who asks why something does not work is not made to wait for the part that does not. */
const ROLES_TIMEOUT_MS = 2_000;
const MOST_ROLES = 50;

/** Says how a site does and why: by the rows of brokers, issuer and redirectors, and by the roles that federation has. */
@Injectable()
export class DiagnosisService {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(DiagnosisReads) private readonly reads: DiagnosisReads,
    @Inject(OutageService) private readonly outages: OutageService,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /** @param limit of the outages. @throws DomainError `not-found` for the site */
  async diagnose(tenantId: string, siteId: string, limit: number): Promise<Diagnosis> {
    await this.sites.find(tenantId, siteId);
    const now = new Date();
    const since = new Date(now.getTime() - HOUR_MS);
    const roles = await this.rolesOf(tenantId, siteId);
    return this.database.inTenant(tenantId, async (tx) => {
      const rows = await this.reads.of(tx, tenantId, siteId);
      const { outages, recent } = await this.outages.find(tx, tenantId, siteId, { limit, since });
      return { siteId, at: now.toISOString(), ...judged(rows, roles, recent), outages };
    });
  }

  /** Null when federation does not answer. */
  private async rolesOf(tenantId: string, siteId: string): Promise<SeenRole[] | null> {
    try {
      const contract = { ...roleList, timeoutMs: ROLES_TIMEOUT_MS };
      const { items } = await this.messages.request(contract, { tenantId, siteId, limit: MOST_ROLES });
      return items.map((role) => ({ ...role, direct: this.isDirect(role) }));
    } catch (error) {
      if (error instanceof DomainError) return null;
      throw error;
    }
  }

  private isDirect({ directoryAddress }: FederationRole): boolean {
    if (directoryAddress === null) return false;
    try {
      return parseTunnelAddress(directoryAddress, this.config.ADIT_DOMAIN) === null;
    } catch {
      // A malformed tunnel address is not one of another host.
      return false;
    }
  }
}

type SeenRole = FederationRole & { direct: boolean };

const judged = (
  rows: SiteRows,
  roles: readonly SeenRole[] | null,
  recentOutages: number,
): Omit<Diagnosis, 'siteId' | 'at' | 'outages'> => {
  const host = hostOf(rows);
  const uplink = uplinkOf(rows);
  const { roundTripsMs, failing } = rows.video;
  const measured = { brokerAgentMs: host.roundTripMs, siteRedirectorMs: roundTripsMs, siteDeviceMs: rows.deviceMs };
  const hops = hopsOf(measured);
  const slowHop = slowHopOf(hops);
  const enabled = roles?.filter((role) => role.enabled) ?? [];
  const isDirect = enabled.length > 0 && enabled.every(({ direct }) => direct);
  const failingStreams = failing.length;
  const findings = findingsOf({ ...rows, roles, isDirect, recentOutages, uplink, slowHop, failingStreams });
  const [verdict = verdictOf([]), ...further] = findings.map((finding) => verdictOf([finding]));
  return {
    verdict,
    further,
    host,
    roles: roles?.map(toRole) ?? null,
    site: siteOf(rows),
    uplink,
    hops,
    slowHop: slowHop?.name ?? null,
    cameras: rows.cameras,
  };
};

const hostOf = ({ tunnel, lastEnd }: SiteRows): HostView => ({
  tunnel: tunnel?.state ?? 'never',
  since: tunnel?.since.toISOString() ?? null,
  brokerId: tunnel?.brokerId ?? null,
  agentVersion: tunnel?.agentVersion ?? null,
  roundTripMs: tunnel?.state === 'up' ? tunnel.rttMs : null,
  clockSkewMs: tunnel?.clockSkewMs ?? null,
  lastEnd: lastEnd ? { at: lastEnd.at.toISOString(), reason: lastEnd.reason } : null,
});

const toRole = ({ id, name, enabled, direct, state, stateReason, ...role }: SeenRole): RoleView => ({
  id,
  name,
  enabled,
  direct,
  state,
  reason: stateReason,
  since: role.stateSince,
  clockSkewMs: role.clockSkewMs,
  lastContactAt: role.lastContactAt,
});

const siteOf = ({ condition, reportedAt }: SiteRows): SiteView | null => {
  if (condition === null || reportedAt === null) return null;
  const { agentVersion, startedAt, clockSkewMs, freeBytes } = condition;
  return { reportedAt: reportedAt.toISOString(), agentVersion, startedAt, clockSkewMs, freeBytes };
};

const uplinkOf = ({ condition, reportedAt, video }: SiteRows): Uplink => ({
  limitBitsPerSecond: condition?.uplink.limitBitsPerSecond ?? null,
  capacityBitsPerSecond: condition?.uplink.capacityBitsPerSecond ?? null,
  roundTripMs: condition?.uplink.roundTripMs ?? null,
  reportedAt: reportedAt?.toISOString() ?? null,
  videoBitsPerSecond: video.bitsPerSecond,
});
