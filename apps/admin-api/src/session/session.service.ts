import { DomainError } from '@app/contracts';
import {
  BearerTokenRepository,
  Database,
  DEFAULT_TENANT_ID,
  type OperatorLogin,
  OperatorRepository,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import { newToken, tokenHash } from './bearer-token.js';
import { PasswordHasher } from './password.js';
import type { NewSession, Session } from './session.dto.js';
import { SignInLimit } from './sign-in-limit.js';

const LIFETIME_SECONDS = 12 * 3_600;
/** Of one operator, at once; the oldest goes first. */
const MAX_TOKENS = 100;

@Injectable()
export class SessionService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(BearerTokenRepository) private readonly tokens: BearerTokenRepository,
    @Inject(PasswordHasher) private readonly passwords: PasswordHasher,
    @Inject(SignInLimit) private readonly limit: SignInLimit,
  ) {}

  /** @throws DomainError `unauthenticated`, the same for an unknown name and a wrong password; `rate-limited` */
  async open({ username, password }: NewSession, address: string): Promise<Session> {
    this.limit.check(address, username);
    const operator = await this.database.inSystem((tx) => this.operators.findLogin(tx, username));
    const matches = await this.passwords.matches(password, operator?.passwordHash);
    if (!operator || !matches || operator.disabled) {
      this.limit.failed(address, username);
      await this.auditRefusal(operator, address);
      throw new DomainError('unauthenticated', 'the name or the password is wrong');
    }
    this.limit.succeeded(address, username);
    return this.issue(operator, address);
  }

  async close(caller: Caller): Promise<void> {
    await this.database.inTenant(caller.tenantId, async (tx) => {
      await this.tokens.revoke(tx, caller.tenantId, caller.tokenId);
      await tx.audit(caller.tenantId, { actor: caller.actor, action: 'session.closed', subject: caller.tokenId });
    });
  }

  private async issue(operator: OperatorLogin, address: string): Promise<Session> {
    const { id, username, tenantId } = operator;
    const token = newToken();
    const { expiresAt } = await this.database.inTenant(tenantId, async (tx) => {
      const row = await this.tokens.insert(tx, tenantId, {
        operatorId: id,
        tokenHash: tokenHash(token),
        lifetimeSeconds: LIFETIME_SECONDS,
      });
      await this.tokens.prune(tx, tenantId, id, MAX_TOKENS);
      await tx.audit(tenantId, {
        actor: `operator:${username}`,
        action: 'session.opened',
        subject: row.id,
        details: { address },
      });
      return row;
    });
    return { token, expiresAt: expiresAt.toISOString(), operator: { id, username, tenantId } };
  }

  /** An unknown name is not written down: people type passwords there. */
  private async auditRefusal(operator: OperatorLogin | undefined, address: string): Promise<void> {
    const tenantId = operator?.tenantId ?? DEFAULT_TENANT_ID;
    await this.database.inTenant(tenantId, (tx) =>
      tx.audit(tenantId, {
        actor: operator ? `operator:${operator.username}` : 'unknown',
        action: 'session.refused',
        subject: operator?.id ?? 'unknown',
        details: { address },
      }),
    );
  }
}
