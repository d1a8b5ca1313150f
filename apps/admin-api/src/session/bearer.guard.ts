import { DomainError } from '@app/contracts';
import { BearerTokenRepository, Database } from '@app/persistence';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ApiRequest } from '../http/request.js';
import { tokenHash, tokenOf } from './bearer-token.js';
import { PUBLIC } from './public.decorator.js';

/** Every route needs a token unless it says otherwise. The look-up is by the token's hash: its time tells nothing of the token. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Database) private readonly database: Database,
    @Inject(BearerTokenRepository) private readonly tokens: BearerTokenRepository,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.get<boolean | undefined>(PUBLIC, context.getHandler())) return true;
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const token = tokenOf(request.header('authorization'));
    const identity = token && (await this.database.inSystem((tx) => this.tokens.find(tx, tokenHash(token))));
    if (!identity) throw new DomainError('unauthenticated', 'the bearer token is missing, unknown, revoked or over');
    request.caller = {
      ...identity,
      actor: `operator:${identity.username}`,
      correlationId: request.correlationId,
    };
    return true;
  }
}
