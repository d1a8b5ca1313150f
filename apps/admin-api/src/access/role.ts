import { DEFAULT_TENANT_ID } from '@app/persistence';
import { PERMISSIONS, type Permission } from './permission.js';

export const ROLES = ['viewer', 'operator', 'administrator', 'security-officer'] as const;
export type Role = (typeof ROLES)[number];

const VIEWER: readonly Permission[] = [
  'tenants:read',
  'sites:read',
  'cameras:read',
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
    'federation:write',
    'agents:read',
    'webhooks:read',
  ],
  administrator: PERMISSIONS.filter((permission) => permission !== 'authority:write'),
  'security-officer': [
    ...PERMISSIONS.filter((permission) => permission.endsWith(':read')),
    'keyfiles:revoke',
    'agents:write',
    'authority:write',
  ],
};

/** The certificate authority serves every tenant: only operators of the provider's own tenant reach it. */
export const PROVIDER_ONLY: ReadonlySet<Permission> = new Set(['authority:read', 'authority:write']);

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);

const isPermission = (name: string): name is Permission => (PERMISSIONS as readonly string[]).includes(name);

/** What an operator of this tenant may do by these roles; a name that is no role gives nothing. */
export const permissionsOf = (roles: readonly string[], tenantId: string): Set<Permission> => {
  const all = new Set(roles.filter(isRole).flatMap((role) => ROLE_PERMISSIONS[role]));
  if (tenantId !== DEFAULT_TENANT_ID) for (const permission of PROVIDER_ONLY) all.delete(permission);
  return all;
};

/** What is left of these permissions for a token with these scopes. */
export const withinScopes = (permissions: ReadonlySet<Permission>, scopes: readonly string[]): Set<Permission> =>
  new Set(scopes.filter(isPermission).filter((scope) => permissions.has(scope)));

/** The permissions that the roles would give and `permissions` lacks. */
export const beyond = (
  permissions: ReadonlySet<Permission>,
  roles: readonly string[],
  tenantId: string,
): Permission[] => [...permissionsOf(roles, tenantId)].filter((permission) => !permissions.has(permission));
