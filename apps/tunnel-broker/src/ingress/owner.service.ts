import { DomainError } from '@app/contracts';
import { AgentAdmissionRepository, Database, type TunnelRoute, TunnelRouteRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { BROKER_ID } from '../tokens.js';

const RETRY_MS = 2_000;

/** Which other broker holds a site's session. */
@Injectable()
export class OwnerService {
  constructor(
    @Inject(BROKER_ID) private readonly brokerId: string,
    private readonly database: Database,
    private readonly routes: TunnelRouteRepository,
    private readonly admissions: AgentAdmissionRepository,
  ) {}

  /** @throws DomainError `site-offline`; `not-found`, the same for a site that does not exist and one of another tenant */
  async find(tenantId: string, site: string): Promise<TunnelRoute> {
    const { route, known } = await this.read(tenantId, site);
    if (!known) throw new DomainError('not-found', 'there is no such site');
    if (route === undefined || route.brokerId === this.brokerId) throw siteOffline(site);
    return route;
  }

  private read(tenantId: string, site: string): Promise<{ route: TunnelRoute | undefined; known: boolean }> {
    return this.database
      .inSystem(async (tx) => ({
        route: await this.routes.find(tx, tenantId, site),
        known: await this.admissions.knowsSite(tx, tenantId, site),
      }))
      .catch((cause: unknown) => {
        throw new DomainError('unavailable', 'no route can be found now', { cause, retryAfterMs: RETRY_MS });
      });
  }
}

export const siteOffline = (site: string): DomainError =>
  new DomainError('site-offline', `no agent of the site ${site} is connected`);
