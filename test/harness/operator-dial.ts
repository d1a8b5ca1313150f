import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mintDialTicket, type DialTicketClaims } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import type { Platform } from './platform.js';

const run = promisify(execFile);

export interface DialAnswer {
  /** Status of the ingress's answer to CONNECT. */
  connect: number;
  /** Its code when it refused. */
  code: string;
}

/** What an operator with a fresh ticket gets who dials `target` (host:port) of a site through the ingress with curl. */
export const operatorDial = async (
  platform: Platform,
  site: string,
  service: string,
  target: string,
): Promise<DialAnswer> => {
  const [broker] = await platform.database.query<{ id: string }>(
    `SELECT id FROM broker WHERE state = 'serving' ORDER BY started_at DESC LIMIT 1`,
  );
  const claims: DialTicketClaims = { tenantId: DEFAULT_TENANT_ID, site, service, class: 'bulk', user: 'operator:test' };
  const key = JSON.parse(readFileSync(join(platform.dataDir, 'secrets', 'admin-api', 'ticket.jwk'), 'utf8')) as {
    kty: string;
  };
  const ticket = await mintDialTicket(claims, { issuer: 'admin-api', key }, broker?.id ?? '');
  const proxy = ['-p', '-x', `http://127.0.0.1:${platform.ports.ingress}`, '-U', `ticket:${ticket}`];
  const shown = ['-s', '-D', '-', '-o', '/dev/null', '-w', '\n%{http_connect}', '--max-time', '10'];
  const { stdout } = await run('curl', [...shown, ...proxy, `http://${target}/`]).catch(
    (error: { stdout: string }) => error,
  );
  return { connect: Number(stdout.trim().split('\n').at(-1)), code: /^adit-code: (\S+)/im.exec(stdout)?.[1] ?? '' };
};
