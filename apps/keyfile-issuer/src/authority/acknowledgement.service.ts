import type { trustAcknowledge } from '@app/contracts';
import type { Database } from '@app/persistence';
import type { z } from 'zod';
import type { AuthorityState } from './authority.state.js';
import { FleetRepository } from './fleet.repository.js';

type Acknowledgement = z.output<typeof trustAcknowledge.request>['acknowledgements'][number];

/** What agents say they trust, by their brokers. A version that was never published is not believed. */
export class AcknowledgementService {
  constructor(
    private readonly state: AuthorityState,
    private readonly database: Database,
    private readonly fleet = new FleetRepository(),
  ) {}

  /** @returns how many agents had said less before */
  async record(acknowledgements: readonly Acknowledgement[]): Promise<number> {
    const { row } = await this.state.refresh();
    const groups = new Map<string, Acknowledgement[]>();
    for (const one of acknowledgements.filter(({ bundleVersion }) => bundleVersion <= row.bundleVersion)) {
      const key = `${one.tenantId}/${one.bundleVersion}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    let recorded = 0;
    for (const group of groups.values()) recorded += await this.recordGroup(group);
    return recorded;
  }

  private async recordGroup(group: Acknowledgement[]): Promise<number> {
    const [first] = group;
    if (first === undefined) return 0;
    const { tenantId, bundleVersion } = first;
    const agentIds = group.map(({ agentId }) => agentId);
    return this.database.inTenant(tenantId, async (tx) => {
      const changed = await this.fleet.acknowledge(tx, tenantId, agentIds, bundleVersion);
      if (changed.length > 0) {
        const details = { agents: changed };
        const entry = { actor: 'system', action: 'agent.trust-acknowledged', subject: String(bundleVersion), details };
        await tx.audit(tenantId, entry);
      }
      return changed.length;
    });
  }
}
