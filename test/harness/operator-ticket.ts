import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mintDialTicket, type DialTicketClaims } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import type { Platform } from './platform.js';

/** curl's words for the ingress as its proxy, with an operator's fresh ticket for one service of a site. */
export const throughIngress = async (platform: Platform, site: string, service: string): Promise<string[]> => {
  const [broker] = await platform.database.query<{ id: string }>(
    `SELECT id FROM broker WHERE state = 'serving' ORDER BY started_at DESC LIMIT 1`,
  );
  const claims: DialTicketClaims = { tenantId: DEFAULT_TENANT_ID, site, service, class: 'bulk', user: 'operator:test' };
  const file = join(platform.dataDir, 'secrets', 'admin-api', 'ticket.jwk');
  const key = JSON.parse(readFileSync(file, 'utf8')) as { kty: string };
  const ticket = await mintDialTicket(claims, { issuer: 'admin-api', key }, broker?.id ?? '');
  return ['-p', '-x', `http://127.0.0.1:${platform.ports.ingress}`, '-U', `ticket:${ticket}`];
};
