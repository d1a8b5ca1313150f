import { DEFAULT_TENANT_ID } from '@app/persistence';
import { PERMISSIONS, type Permission } from './permission.js';

export const ROLES = ['viewer', 'operator', 'administrator', 'security-officer'] as const;
export type Role = (typeof ROLES)[number];

const VIEWER: readonly Permission[] = [
  'tenants:read',
  'sites:read',
  'cameras:read',
  'events:read',
  'tunnels:read',
  'federation:read',
  'video:watch',
];

const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: VIEWER,
  operator: [
    ...VIEWER,
    'sites:write',
    'keyfiles:read',
    'keyfiles:issue',
    'keyfiles:revoke',
    'tunnels:control',
    'streams:read',
    'streams:control',
    'federation:write',
    'alarms:acknowledge',
    'entities:control',
    'stream-accounts:read',
    'stream-accounts:write',
    'stream-accounts:revoke',
    'agents:read',
    'webhooks:read',
  ],
  administrator: PERMISSIONS.filter((permission) => permission !== 'authority:write'),
  'security-officer': [
    ...PERMISSIONS.filter((permission) => permission.endsWith(':read')),
    'keyfiles:revoke',
    'stream-accounts:revoke',
    'agents:write',
    'authority:write',
  ],
};

/** The certificate authority serves every tenant: only operators of the provider's own tenant reach it. */
export const PROVIDER_ONLY: ReadonlySet<Permission> = new Set(['authority:read', 'authority:write']);

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);

const isPermission = (name: string): name is Permission => (PERMISSIONS as readonly string[]).includes(name);

const allOf = (roles: readonly string[]): Set<Permission> =>
  new Set(roles.filter(isRole).flatMap((role) => ROLE_PERMISSIONS[role]));

/** What an operator of this tenant may do by these roles; a name that is no role gives nothing. */
export const permissionsOf = (roles: readonly string[], tenantId: string): Set<Permission> => {
  const all = allOf(roles);
  if (tenantId !== DEFAULT_TENANT_ID) for (const permission of PROVIDER_ONLY) all.delete(permission);
  return all;
};

/** What is left of these permissions for a token with these scopes. */
export const withinScopes = (permissions: ReadonlySet<Permission>, scopes: readonly string[]): Set<Permission> =>
  new Set(scopes.filter(isPermission).filter((scope) => permissions.has(scope)));

/** Who wants to rule over roles: `permissions` are what is left of those of its `roles`. */
interface Ruler {
  permissions: ReadonlySet<Permission>;
  roles: readonly string[];
  tenantId: string;
}

/**
 * What the roles have and the ruler lacks. In a tenant that is not the provider's, what is the provider's alone counts by
 * the ruler's own roles: there it does nothing, but it is all that tells administrators and security officers apart.
 */
export const beyond = ({ permissions, roles: own, tenantId }: Ruler, roles: readonly string[]): Permission[] => {
  const elsewhere = tenantId !== DEFAULT_TENANT_ID;
  const has = (permission: Permission): boolean =>
    elsewhere && PROVIDER_ONLY.has(permission) ? allOf(own).has(permission) : permissions.has(permission);
  return [...allOf(roles)].filter((permission) => !has(permission));
};
