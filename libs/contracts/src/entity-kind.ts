/** What an entity of a site may be. `unknown`: its connector does not know; its properties say more. */
export const ENTITY_KINDS = [
  'camera',
  'area',
  'door',
  'input',
  'output',
  'zone',
  'alarm',
  'custom-event',
  'unknown',
] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

/** `unknown`: the site has not said, or its role has no contact. */
export const ENTITY_STATES = ['online', 'offline', 'unknown'] as const;
export type EntityState = (typeof ENTITY_STATES)[number];
