import { DomainError } from '@app/contracts';
import type { AppLogger } from '@app/runtime';
import * as oidc from 'openid-client';
import type { OidcSettings } from './oidc-settings.js';
import type { SignInState } from './sign-in-state.js';

const TIMEOUT_SECONDS = 5;
/** A provider's endpoints rarely move; its keys are looked up by the library when a signature names another. */
const REDISCOVER_MS = 3_600_000;

/** Who signed in, as the provider says: the claims of an ID token that was verified. */
export type IdClaims = Readonly<Record<string, unknown>> & { iss: string; sub: string };

/** The provider's answer was refused. `reason` is a code of the library, for log and audit. */
export class AnswerRefused extends Error {
  override readonly name = 'AnswerRefused';

  constructor(
    readonly reason: string,
    cause: unknown,
  ) {
    super(`the provider's answer was refused: ${reason}`, { cause });
  }
}

class ProviderAway extends Error {
  override readonly name = 'ProviderAway';
}

/** OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636, S256). */
export class OidcClient {
  private found: { config: Promise<oidc.Configuration>; at: number } | undefined;

  constructor(
    private readonly settings: OidcSettings,
    private readonly logger: AppLogger,
  ) {}

  newState(returnTo: string): SignInState {
    return {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      codeVerifier: oidc.randomPKCECodeVerifier(),
      returnTo,
    };
  }

  /** @throws DomainError `unavailable` */
  async authorizationUrl({ state, nonce, codeVerifier }: SignInState): Promise<URL> {
    return oidc.buildAuthorizationUrl(await this.configuration(), {
      redirect_uri: this.settings.redirectUrl.href,
      scope: this.settings.scopes,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Takes the provider's answer: state, issuer, nonce, audience, times and the ID token's signature are verified.
   * @param query of the callback, with its question mark
   * @throws AnswerRefused; DomainError `unavailable` when the provider cannot be asked
   */
  async claims(query: string, { state, nonce, codeVerifier }: SignInState): Promise<IdClaims> {
    const config = await this.configuration();
    const url = new URL(this.settings.redirectUrl);
    url.search = query;
    const checks = {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    };
    try {
      const claims = (await oidc.authorizationCodeGrant(config, url, checks)).claims();
      if (!claims) throw new Error('no ID token');
      return claims;
    } catch (error) {
      if (isOutage(error)) throw this.away(error);
      throw new AnswerRefused(reasonOf(error), error);
    }
  }

  /** @throws DomainError `unavailable` */
  private async configuration(): Promise<oidc.Configuration> {
    if (!this.found || Date.now() - this.found.at > REDISCOVER_MS) {
      this.found = { config: this.discover(), at: Date.now() };
    }
    try {
      return await this.found.config;
    } catch (error) {
      this.found = undefined;
      throw this.away(error);
    }
  }

  private discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    const authentication = clientSecret ? oidc.ClientSecretBasic(clientSecret.reveal()) : oidc.None();
    // Over https the connection proves the token's origin already; the signature is verified all the same.
    const extensions = [oidc.enableNonRepudiationChecks];
    // The configuration takes plain http for loopback alone.
    if (issuer.protocol === 'http:') extensions.push(oidc.allowInsecureRequests);
    const options = { execute: extensions, timeout: TIMEOUT_SECONDS, [oidc.customFetch]: fetchFromProvider };
    return oidc.discovery(issuer, clientId, undefined, authentication, options);
  }

  private away(error: unknown): DomainError {
    this.logger.warn({ err: error }, 'the identity provider does not answer');
    return new DomainError('unavailable', 'the identity provider does not answer', {
      retryAfterMs: 5_000,
      cause: error,
    });
  }
}

/** The library wraps what its fetch throws, and names a time limit by a code of its own. */
const isOutage = (error: unknown): boolean => {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return error instanceof ProviderAway || cause instanceof ProviderAway || code === 'OAUTH_TIMEOUT';
};

/** Tells a provider that cannot answer from one that says no. */
const fetchFromProvider: oidc.CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit).catch((cause: unknown) => {
    throw new ProviderAway('no connection', { cause });
  });
  if (response.status >= 500) throw new ProviderAway(`it answers ${response.status}`);
  return response;
};

const reasonOf = (error: unknown): string => {
  const { code, error: answered } = error as { code?: unknown; error?: unknown };
  const text = [code, answered].filter((part) => typeof part === 'string').join(' ');
  return text.slice(0, 100) || 'unknown';
};
