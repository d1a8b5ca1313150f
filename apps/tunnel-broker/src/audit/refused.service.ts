import { DomainError, type VerifiedDialTicket } from '@app/contracts';
import { OpenRefusedError } from '@app/multiplex';
import { Database, DEFAULT_TENANT_ID, RefusalLedger } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Refusal } from '../tunnel/refusal.js';

/** Whose certificate it was, as far as it is on record. */
export interface Refused {
  tenantId: string;
  siteId: string;
  agentId: string;
}

/** Nothing was decided against the asker. */
const NO_REFUSAL = new Set(['unavailable']);
/** Answers of a site's agent by which the site itself says no. */
const BY_AGENT = new Set(['not-allowed', 'unknown-service']);
const UNKNOWN = 'unknown';

/** Agents and dialers that were turned away, in the audit of their tenant; strangers in that of the deployment's provider. */
@Injectable()
export class RefusedService implements BeforeApplicationShutdown {
  private readonly ledger: RefusalLedger;

  constructor(database: Database, @Inject(LOGGER) logger: AppLogger) {
    this.ledger = new RefusalLedger(database, {
      onError: (error) => logger.warn({ err: error }, 'a refusal is not on record'),
    });
  }

  agent({ code }: Refusal, peerAddress: string, refused?: Refused): void {
    if (NO_REFUSAL.has(code)) return;
    const address = peerAddress.replace(/:\d+$/, '');
    void this.ledger.note(refused?.tenantId ?? DEFAULT_TENANT_ID, {
      actor: refused === undefined ? UNKNOWN : `agent:${refused.agentId}`,
      // What is superseded on its way in is a second copy of an agent that runs.
      action: code === 'superseded' ? 'agent.clone-refused' : 'agent.refused',
      subject: refused?.siteId ?? UNKNOWN,
      details: { code, address },
    });
  }

  /** @param ticket when it was good; a stranger's claims are not repeated */
  dial(error: unknown, ticket?: VerifiedDialTicket): void {
    const code = codeOf(error);
    if (code === undefined) return;
    const { tenantId = DEFAULT_TENANT_ID, issuer, user, site, service } = ticket ?? {};
    void this.ledger.note(tenantId, {
      actor: issuer === undefined ? UNKNOWN : issuer === 'admin-api' ? `operator:${user}` : issuer,
      action: 'dial.refused',
      subject: site ?? UNKNOWN,
      details: { code, ...(service === undefined ? {} : { service }) },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }
}

/** Of a refusal; not of a site that is away, or of a defect. */
const codeOf = (error: unknown): string | undefined => {
  if (error instanceof OpenRefusedError) return BY_AGENT.has(error.code) ? error.code : undefined;
  if (error instanceof DomainError && [401, 403].includes(error.status)) return error.code;
  return undefined;
};
