/** What a route asks of its caller. An API token's scope is a list of these; a role is a set of them. */
export const PERMISSIONS = [
  'tenants:read',
  'tenants:write',
  'sites:read',
  'sites:write',
  'keyfiles:read',
  'keyfiles:issue',
  'keyfiles:revoke',
  'agents:read',
  'agents:write',
  'authority:read',
  'authority:write',
  'tunnels:read',
  'tunnels:control',
  'federation:read',
  'federation:write',
  'cameras:read',
  'video:watch',
  'streams:read',
  'streams:control',
  'audit:read',
  'operators:read',
  'operators:write',
  'webhooks:read',
  'webhooks:write',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
