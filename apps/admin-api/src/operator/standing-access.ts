import { ApiTokenRepository, BearerTokenRepository, type Transaction } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { BatchMandate } from '../onboarding/batch-mandate.js';

/** What goes on in an operator's name without his password: sessions, API tokens, batches that run. */
@Injectable()
export class StandingAccess {
  constructor(
    @Inject(BearerTokenRepository) private readonly sessions: BearerTokenRepository,
    @Inject(ApiTokenRepository) private readonly apiTokens: ApiTokenRepository,
    @Inject(BatchMandate) private readonly batches: BatchMandate,
  ) {}

  /**
   * Ends all of it for good. Who changes the operator's row before keeps more from beginning meanwhile.
   * @param by whom the audit names
   * @returns how much it was
   */
  async end(
    tx: Transaction,
    tenantId: string,
    { id, username }: { id: string; username: string },
    by: string,
  ): Promise<number> {
    const batches = await this.batches.withdrawAll(tx, tenantId, username, by);
    const sessions = await this.sessions.revokeAll(tx, tenantId, id);
    return batches + sessions + (await this.apiTokens.revokeAll(tx, tenantId, id));
  }
}
