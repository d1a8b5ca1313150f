import { DEFAULT_TENANT_ID } from '@app/persistence';
import { ConfigurationError, readSecretFile, type Secret } from '@app/runtime';
import type { Role } from '../access/role.js';
import type { AdminConfig } from '../config.js';

export interface OidcSettings {
  issuer: URL;
  clientId: string;
  /** Absent for a public client, which PKCE alone protects. */
  clientSecret: Secret | undefined;
  redirectUrl: URL;
  scopes: string;
  /** The claim of the ID token whose values give roles; undefined when only operators entered before may sign in. */
  rolesClaim: string | undefined;
  /** Roles by value of that claim. */
  roles: ReadonlyMap<string, Role>;
}

/** @returns undefined when no provider is configured. @throws ConfigurationError for settings that do not go together */
export const oidcSettings = (config: AdminConfig): OidcSettings | undefined => {
  const { ADIT_OIDC_ISSUER: issuer, ADIT_OIDC_CLIENT_ID: clientId, ADIT_OIDC_REDIRECT_URL: redirectUrl } = config;
  const { ADIT_OIDC_CLIENT_SECRET_FILE: secretFile, ADIT_OIDC_ROLES_CLAIM: claim, ADIT_OIDC_ROLES: roles } = config;
  if ([issuer, clientId, redirectUrl].every((value) => value === undefined)) return undefined;
  if (issuer === undefined || clientId === undefined || redirectUrl === undefined) {
    throw new ConfigurationError('ADIT_OIDC_ISSUER, ADIT_OIDC_CLIENT_ID and ADIT_OIDC_REDIRECT_URL go together');
  }
  if ((claim === undefined) !== (roles.size === 0)) {
    throw new ConfigurationError('ADIT_OIDC_ROLES_CLAIM and ADIT_OIDC_ROLES go together');
  }
  return {
    issuer,
    clientId,
    clientSecret: secretFile === undefined ? undefined : readSecretFile(secretFile, 'ADIT_OIDC_CLIENT_SECRET_FILE'),
    redirectUrl,
    scopes: config.ADIT_OIDC_SCOPES,
    rolesClaim: claim,
    roles,
  };
};

/**
 * One provider serves all tenants, and an identity belongs to one operator: whoever may enter identities could take
 * anybody's. So it is the provider's tenant, and those that the deployment trusts with it.
 */
export const mayHaveIdentities = (
  { ADIT_OIDC_TENANTS: trusted }: Pick<AdminConfig, 'ADIT_OIDC_TENANTS'>,
  tenantId: string,
): boolean => tenantId === DEFAULT_TENANT_ID || trusted.includes(tenantId);

/** @param claims of a verified ID token */
export const rolesByClaim = (
  { rolesClaim, roles }: Pick<OidcSettings, 'rolesClaim' | 'roles'>,
  claims: Readonly<Record<string, unknown>>,
): Role[] => {
  const value = rolesClaim === undefined ? undefined : claims[rolesClaim];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(values.flatMap((item) => (typeof item === 'string' ? (roles.get(item) ?? []) : [])))];
};
