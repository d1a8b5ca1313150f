import { DomainError } from '@app/contracts';
import { BearerTokenRepository, Database, type OperatorLogin, OperatorRepository } from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import type { Caller } from '../http/request.js';
import { newToken, tokenHash } from './bearer-token.js';
import { PasswordHasher } from './password.js';
import { RefusedSignIns } from './refused-sign-ins.js';
import type { NewSession, SessionOperator } from './session.dto.js';
import { type Attempt, SignInLimit } from './sign-in-limit.js';

/** Of one operator, at once; the oldest goes first. */
const MAX_TOKENS = 100;

/** How somebody proved who he is, for the audit, and the form in which the session is kept. */
export interface SignIn {
  address: string;
  viaCookie: boolean;
  by: 'password' | 'oidc';
}

export interface OpenedSession {
  token: string;
  expiresAt: Date;
  operator: SessionOperator;
}

@Injectable()
export class SessionService {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(BearerTokenRepository) private readonly tokens: BearerTokenRepository,
    @Inject(PasswordHasher) private readonly passwords: PasswordHasher,
    @Inject(SignInLimit) private readonly limit: SignInLimit,
    @Inject(RefusedSignIns) private readonly refused: RefusedSignIns,
  ) {}

  /** @throws DomainError `unauthenticated`, the same for an unknown name and a wrong password; `rate-limited` */
  async open({ username, password, cookie = false }: NewSession, address: string): Promise<OpenedSession> {
    const attempt = await this.limit.begin(address, username);
    const { operator, matches } = await this.judge(attempt, username, password);
    if (operator && matches && !operator.disabled) {
      await this.limit.succeeded(attempt);
      return this.issue(operator, { address, viaCookie: cookie, by: 'password' });
    }
    await this.limit.failed();
    await this.refused.note(operator, address);
    throw wrong();
  }

  async close(caller: Caller): Promise<void> {
    if (caller.via === 'api-token') {
      throw new DomainError('forbidden', 'an API token has no session: delete it under /api-tokens');
    }
    await this.database.inTenant(caller.tenantId, async (tx) => {
      await this.tokens.revoke(tx, caller.tenantId, caller.tokenId);
      await tx.audit(caller.tenantId, { actor: caller.actor, action: 'session.closed', subject: caller.tokenId });
    });
  }

  /** @throws DomainError `unauthenticated` when the operator was disabled, or the password changed, in the meantime */
  async issue(operator: OperatorLogin, { address, viaCookie, by }: SignIn): Promise<OpenedSession> {
    const { id, username, tenantId, roles, passwordHash } = operator;
    const token = newToken();
    const { expiresAt } = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.operators.hold(tx, tenantId, id, by === 'password' ? passwordHash : null))) throw wrong();
      const row = await this.tokens.insert(tx, tenantId, {
        operatorId: id,
        tokenHash: tokenHash(token),
        viaCookie,
        lifetimeSeconds: this.config.ADIT_SESSION_LIFETIME_SECONDS,
        idleSeconds: this.config.ADIT_SESSION_IDLE_SECONDS,
      });
      await this.tokens.prune(tx, tenantId, id, MAX_TOKENS);
      await tx.audit(tenantId, {
        actor: `operator:${username}`,
        action: 'session.opened',
        subject: row.id,
        details: { address, by },
      });
      return row;
    });
    return { token, expiresAt, operator: { id, username, tenantId, roles } };
  }

  private async judge(
    attempt: Attempt,
    username: string,
    password: string,
  ): Promise<{ operator: OperatorLogin | undefined; matches: boolean }> {
    try {
      const operator = await this.database.inSystem((tx) => this.operators.findLogin(tx, username));
      return {
        operator,
        matches: await this.passwords.matches(password, operator?.passwordHash ?? undefined, attempt.known),
      };
    } catch (error) {
      await this.limit.takeBack(attempt);
      throw error;
    }
  }
}

const wrong = (): DomainError => new DomainError('unauthenticated', 'the name or the password is wrong');
