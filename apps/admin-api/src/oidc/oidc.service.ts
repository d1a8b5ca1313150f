import { DomainError } from '@app/contracts';
import {
  BearerTokenRepository,
  Database,
  DEFAULT_TENANT_ID,
  type ExternalIdentity,
  type OperatorLogin,
  OperatorRepository,
  type Transaction,
} from '@app/persistence';
import { type AppLogger, CONFIG, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { Role } from '../access/role.js';
import type { AdminConfig } from '../config.js';
import { USERNAME } from '../operator/operator.dto.js';
import { StandingAccess } from '../operator/standing-access.js';
import { DerivedKeys } from '../secrets/derived-keys.js';
import { RefusedSignIns } from '../session/refused-sign-ins.js';
import { type OpenedSession, SessionService } from '../session/session.service.js';
import { type Attempt, SignInLimit } from '../session/sign-in-limit.js';
import { AnswerRefused, type IdClaims, OidcClient } from './oidc-client.js';
import { mayHaveIdentities, type OidcSettings, oidcSettings, rolesByClaim } from './oidc-settings.js';
import { openState, ownPath, sealState, type SignInState } from './sign-in-state.js';

/** Signs operators in by the identity provider that the configuration names. */
@Injectable()
export class OidcService {
  private readonly settings: OidcSettings | undefined;
  private readonly client: OidcClient | undefined;
  readonly #key: Buffer;

  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(LOGGER) private readonly logger: AppLogger,
    @Inject(Database) private readonly database: Database,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(SignInLimit) private readonly limit: SignInLimit,
    @Inject(RefusedSignIns) private readonly refused: RefusedSignIns,
    @Inject(BearerTokenRepository) private readonly tokens: BearerTokenRepository,
    @Inject(StandingAccess) private readonly standing: StandingAccess,
    @Inject(DerivedKeys) keys: DerivedKeys,
  ) {
    this.settings = oidcSettings(config);
    this.client = this.settings && new OidcClient(this.settings, logger);
    this.#key = keys.derive('OpenID Connect state');
  }

  /** @returns where to send the browser, and what it brings back. @throws DomainError `not-found`, `unavailable` */
  async begin(returnTo: string | undefined): Promise<{ url: string; sealedState: string }> {
    const { client } = this.required();
    const state = client.newState(ownPath(returnTo));
    const url = await client.authorizationUrl(state);
    return { url: url.href, sealedState: await sealState(state, this.#key, new Date()) };
  }

  /**
   * @param query of the callback, with its question mark
   * @throws DomainError `oidc-refused`, `rate-limited`, `unavailable`, `not-found`
   */
  async finish(
    query: string,
    sealedState: string | undefined,
    address: string,
  ): Promise<{ session: OpenedSession; returnTo: string }> {
    this.required();
    const state = sealedState === undefined ? undefined : await openState(sealedState, this.#key, new Date());
    if (!state) throw refused('this sign-in was not begun in this browser, or longer than ten minutes ago');
    const attempt = await this.limit.beginUnnamed(address);
    const claims = await this.verified(query, state, address, attempt);
    const operator = await this.operatorOf(claims, address);
    const session = await this.sessions.issue(operator, { address, viaCookie: true, by: 'oidc' });
    await this.limit.succeeded(attempt);
    return { session, returnTo: state.returnTo };
  }

  private required(): { settings: OidcSettings; client: OidcClient } {
    if (this.settings && this.client) return { settings: this.settings, client: this.client };
    throw new DomainError('not-found', 'no identity provider is configured');
  }

  private async verified(query: string, state: SignInState, address: string, attempt: Attempt): Promise<IdClaims> {
    try {
      return await this.required().client.claims(query, state);
    } catch (error) {
      if (!(error instanceof AnswerRefused)) {
        await this.limit.takeBack(attempt);
        throw error;
      }
      const { reason } = error;
      this.logger.info({ err: error.cause, reason }, 'an answer of the identity provider was refused');
      await this.refused.note(undefined, address, { by: 'oidc', reason });
      throw refused('the identity provider’s answer is not valid');
    }
  }

  /** @throws DomainError `oidc-refused` for somebody who may not sign in */
  private async operatorOf(claims: IdClaims, address: string): Promise<OperatorLogin> {
    const identity = { issuer: claims.iss, subject: claims.sub };
    const roles = rolesByClaim(this.required().settings, claims);
    const known = await this.database.inSystem((tx) => this.operators.findByIdentity(tx, identity));
    const operator = known ? await this.adapted(known, roles) : await this.created(identity, roles, claims);
    if (operator && !operator.disabled && mayHaveIdentities(this.config, operator.tenantId)) return operator;
    const who = known ? {} : { issuer: identity.issuer, subject: identity.subject.slice(0, 255) };
    await this.refused.note(known, address, {
      by: 'oidc',
      reason: known ? 'not-allowed' : 'unknown-subject',
      ...who,
    });
    throw refused('whom the identity provider names may not sign in here');
  }

  /**
   * Other sessions end when the claim's roles are others than before, and everything when there are none.
   * @returns undefined for one whose roles come from the provider and who has none left
   */
  private async adapted(operator: OperatorLogin, roles: readonly Role[]): Promise<OperatorLogin | undefined> {
    const { tenantId, id, rolesFromProvider } = operator;
    if (!rolesFromProvider) return operator;
    if (roles.length === 0) {
      await this.endAccess(operator);
      return undefined;
    }
    if (roles.length === operator.roles.length && roles.every((role) => operator.roles.includes(role))) return operator;
    await this.database.inTenant(tenantId, async (tx) => {
      await this.operators.setRoles(tx, tenantId, id, roles);
      await this.tokens.revokeAll(tx, tenantId, id);
      const details = { roles, by: 'identity-provider' };
      await tx.audit(tenantId, { actor: 'system', action: 'operator.changed', subject: id, details });
    });
    return { ...operator, roles: [...roles] };
  }

  private async endAccess(operator: OperatorLogin): Promise<void> {
    const { tenantId, id } = operator;
    await this.database.inTenant(tenantId, async (tx) => {
      if ((await this.standing.end(tx, tenantId, operator, 'system')) === 0) return;
      const details = { roles: [], by: 'identity-provider' };
      await tx.audit(tenantId, { actor: 'system', action: 'operator.changed', subject: id, details });
    });
  }

  /** Somebody new is let in by a role of the claim alone. @returns undefined without one */
  private async created(
    identity: ExternalIdentity,
    roles: readonly Role[],
    claims: IdClaims,
  ): Promise<OperatorLogin | undefined> {
    if (roles.length === 0) return undefined;
    await this.database.inTenant(DEFAULT_TENANT_ID, (tx) => this.insert(tx, identity, roles, claims));
    return this.database.inSystem((tx) => this.operators.findByIdentity(tx, identity));
  }

  /** Nothing is inserted when another request was first. */
  private async insert(
    tx: Transaction,
    identity: ExternalIdentity,
    roles: readonly Role[],
    claims: IdClaims,
  ): Promise<void> {
    for (const username of namesFor(identity, claims['preferred_username'])) {
      const operator = { username, roles, identity, rolesFromProvider: true };
      const id = await this.operators.insert(tx, DEFAULT_TENANT_ID, operator);
      if (id === undefined) continue;
      const details = { username, roles, identity, by: 'identity-provider' };
      await tx.audit(DEFAULT_TENANT_ID, { actor: 'system', action: 'operator.created', subject: id, details });
      return;
    }
  }
}

/** The provider's own name for the person where it is one here and free; else one that is nobody's. */
const namesFor = ({ issuer, subject }: ExternalIdentity, preferred: unknown): string[] => {
  const unique = `oidc-${createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 16)}`;
  return typeof preferred === 'string' && USERNAME.test(preferred) ? [preferred, unique] : [unique];
};

const refused = (detail: string): DomainError => new DomainError('oidc-refused', detail);
