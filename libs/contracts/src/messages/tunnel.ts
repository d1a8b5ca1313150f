import { z } from 'zod';
import { defineEvent } from '../message.js';
import { uuid } from '../primitives.js';

/** Hint: the session table changed for this site. */
export const tunnelUp = defineEvent('tunnel.up', z.object({ tenantId: uuid, siteId: uuid, sessionId: uuid }));
export const tunnelDown = defineEvent(
  'tunnel.down',
  z.object({ tenantId: uuid, siteId: uuid, sessionId: uuid, reason: z.string() }),
);
/** Hint: the site table changed. */
export const siteChanged = defineEvent('site.changed', z.object({ tenantId: uuid, siteId: uuid }));
