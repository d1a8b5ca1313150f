import { DomainError } from '@app/contracts';
import { BearerTokenRepository, Database, OperatorRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { RefusedRequests } from '../access/refused-requests.js';
import type { Caller } from '../http/request.js';
import { PasswordHasher } from '../session/password.js';
import { SignInLimit } from '../session/sign-in-limit.js';
import type { OwnPassword } from './operator.dto.js';
import { auditOutranked, missingFor, outranked, refuseDemoted } from './outranked.js';
import { StandingAccess } from './standing-access.js';

@Injectable()
export class PasswordService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(BearerTokenRepository) private readonly sessions: BearerTokenRepository,
    @Inject(StandingAccess) private readonly standing: StandingAccess,
    @Inject(PasswordHasher) private readonly passwords: PasswordHasher,
    @Inject(SignInLimit) private readonly limit: SignInLimit,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  /**
   * For a password that was lost or stolen: what a thief has made goes with it.
   * @throws DomainError `not-found`, `forbidden` for an operator with permissions that the caller lacks
   */
  async reset(caller: Caller, id: string, password: string): Promise<void> {
    const { tenantId, actor } = caller;
    const target = await this.database.inTenant(tenantId, (tx) => this.operators.find(tx, tenantId, id));
    if (!target) throw new DomainError('not-found', 'there is no such operator');
    const missing = missingFor(caller, target.roles);
    if (missing.length > 0) {
      await auditOutranked(this.database, caller, id, missing);
      throw outranked(missing);
    }
    const hash = await this.passwords.hash(password);
    await this.database.inTenant(tenantId, async (tx) => {
      await this.operators.lockRoles(tx, tenantId);
      refuseDemoted(await this.operators.find(tx, tenantId, caller.operatorId), caller);
      const now = missingFor(caller, (await this.operators.find(tx, tenantId, id))?.roles ?? []);
      if (now.length > 0) throw outranked(now);
      await this.operators.setPassword(tx, tenantId, id, hash);
      await this.standing.end(tx, tenantId, target, actor);
      await tx.audit(tenantId, { actor, action: 'operator.password-reset', subject: id });
    });
  }

  /**
   * The current password is asked for and limited as at sign-in: a session that was left open does not take the account.
   * @throws DomainError `forbidden` for an API token, `unauthenticated`, `rate-limited`
   */
  async changeOwn(caller: Caller, { currentPassword, password }: OwnPassword, address: string): Promise<void> {
    const { tenantId, operatorId, username, actor, tokenId } = caller;
    if (caller.via === 'api-token') throw new DomainError('forbidden', 'an API token changes no password: sign in');
    const attempt = await this.limit.begin(address, username);
    const login = await this.database.inSystem((tx) => this.operators.findLogin(tx, username));
    if (!(await this.passwords.matches(currentPassword, login?.passwordHash ?? undefined, true))) {
      const details = { address };
      await this.refusals.note(caller, { action: 'operator.password-refused', subject: operatorId, details });
      throw wrongPassword();
    }
    await this.limit.succeeded(attempt);
    const hash = await this.passwords.hash(password);
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.operators.hold(tx, tenantId, operatorId, login?.passwordHash))) throw wrongPassword();
      await this.operators.setPassword(tx, tenantId, operatorId, hash);
      await this.sessions.revokeAll(tx, tenantId, operatorId, tokenId);
      await tx.audit(tenantId, { actor, action: 'operator.password-changed', subject: operatorId });
    });
  }
}

const wrongPassword = (): DomainError =>
  new DomainError('invalid-request', 'the current password is wrong', {
    fields: [{ pointer: '/currentPassword', detail: 'not the current password' }],
  });
