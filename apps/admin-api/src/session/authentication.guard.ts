import { DomainError } from '@app/contracts';
import { ApiTokenRepository, BearerTokenRepository, Database } from '@app/persistence';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RefusedRequests } from '../access/refused-requests.js';
import { permissionsOf, withinScopes } from '../access/role.js';
import type { ApiRequest, Caller } from '../http/request.js';
import { isApiToken, tokenHash, tokenOf } from './bearer-token.js';
import { PUBLIC } from './public.decorator.js';
import { csrfTokenOf, foreignTrait, sessionTokenOf } from './session-cookie.js';

type Identity = Omit<Caller, 'correlationId'>;

/**
 * Every route needs a session or an API token unless it says otherwise. An Authorization header goes before a cookie:
 * no browser sends one by itself. The look-up is by the token's hash: its time tells nothing of the token.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Database) private readonly database: Database,
    @Inject(BearerTokenRepository) private readonly sessions: BearerTokenRepository,
    @Inject(ApiTokenRepository) private readonly apiTokens: ApiTokenRepository,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.get<boolean | undefined>(PUBLIC, context.getHandler())) return true;
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const identity = await this.identify(request);
    if (!identity) {
      throw new DomainError('unauthenticated', 'the session or token is missing, unknown, revoked or over');
    }
    request.caller = { ...identity, correlationId: request.correlationId };
    if (identity.csrfToken !== undefined) await this.refuseForeign(request, identity.csrfToken);
    return true;
  }

  private async identify(request: ApiRequest): Promise<Identity | undefined> {
    const authorization = request.header('authorization');
    if (authorization === undefined) {
      const token = sessionTokenOf(request);
      return token === undefined ? undefined : this.bySession(token, 'cookie');
    }
    const token = tokenOf(authorization);
    if (token === undefined) return undefined;
    return isApiToken(token) ? this.byApiToken(token) : this.bySession(token, 'bearer');
  }

  /** A session serves in the form in which it was opened, and in no other. */
  private async bySession(token: string, via: 'bearer' | 'cookie'): Promise<Identity | undefined> {
    const found = await this.database.inSystem((tx) => this.sessions.find(tx, tokenHash(token)));
    if (!found || found.viaCookie !== (via === 'cookie')) return undefined;
    const { viaCookie: _form, unnoted, ...identity } = found;
    const { tenantId, tokenId, username, roles } = identity;
    if (unnoted) await this.database.inTenant(tenantId, (tx) => this.sessions.noteUse(tx, tenantId, tokenId));
    return {
      ...identity,
      via,
      actor: `operator:${username}`,
      permissions: permissionsOf(roles, tenantId),
      ...(via === 'cookie' ? { csrfToken: csrfTokenOf(token) } : {}),
    };
  }

  private async byApiToken(token: string): Promise<Identity | undefined> {
    const found = await this.database.inSystem((tx) => this.apiTokens.findIdentity(tx, tokenHash(token)));
    if (!found) return undefined;
    const { scopes, unnoted, ...identity } = found;
    const { tenantId, tokenId, username, roles } = identity;
    if (unnoted) await this.database.inTenant(tenantId, (tx) => this.apiTokens.noteUse(tx, tenantId, tokenId));
    return {
      ...identity,
      via: 'api-token',
      actor: `operator:${username}/api-token:${tokenId}`,
      permissions: withinScopes(permissionsOf(roles, tenantId), scopes),
    };
  }

  private async refuseForeign(request: ApiRequest, csrfToken: string): Promise<void> {
    const trait = foreignTrait(request, csrfToken);
    if (trait === undefined) return;
    await this.refusals.access(request, { reason: 'cross-site-request' });
    throw new DomainError('cross-site-request', `the request may come from another site: ${trait}`);
  }
}
