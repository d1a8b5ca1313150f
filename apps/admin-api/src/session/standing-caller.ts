import { ApiTokenRepository, BearerTokenRepository, Database } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Permission } from '../access/permission.js';
import { permissionsOf, withinScopes } from '../access/role.js';
import type { ApiRequest } from '../http/request.js';
import { isApiToken, tokenHash, tokenOf } from './bearer-token.js';
import { sessionTokenOf } from './session-cookie.js';

/** Whether who asked may go on asking: for answers that last longer than the look-up at their beginning. */
@Injectable()
export class StandingCaller {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(BearerTokenRepository) private readonly sessions: BearerTokenRepository,
    @Inject(ApiTokenRepository) private readonly apiTokens: ApiTokenRepository,
  ) {}

  /** The session or token of the request is still good, and its operator still has the permission. */
  async holds(request: ApiRequest, permission: Permission): Promise<boolean> {
    const authorization = request.header('authorization');
    const token = authorization === undefined ? sessionTokenOf(request) : tokenOf(authorization);
    if (token === undefined) return false;
    return isApiToken(token) ? this.apiTokenHolds(token, permission) : this.sessionHolds(token, permission);
  }

  private async sessionHolds(token: string, permission: Permission): Promise<boolean> {
    const found = await this.database.inSystem((tx) => this.sessions.find(tx, tokenHash(token)));
    return found !== undefined && permissionsOf(found.roles, found.tenantId).has(permission);
  }

  private async apiTokenHolds(token: string, permission: Permission): Promise<boolean> {
    const found = await this.database.inSystem((tx) => this.apiTokens.findIdentity(tx, tokenHash(token)));
    if (!found) return false;
    return withinScopes(permissionsOf(found.roles, found.tenantId), found.scopes).has(permission);
  }
}
