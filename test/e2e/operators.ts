import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';

export interface SignedIn {
  id: string;
  username: string;
  password: string;
  client: HttpClient;
}

export const firstPassword = (platform: Platform): string =>
  readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();

export const signInFirst = (platform: Platform): Promise<HttpClient> =>
  new HttpClient(platform.api).signIn('admin', firstPassword(platform));

/** A new operator with these roles, made by `maker` and signed in. */
export const newOperator = async (platform: Platform, maker: HttpClient, roles: string[]): Promise<SignedIn> => {
  const username = `op-${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('base64url');
  const { status, body } = await maker.ask<{ id: string }>('POST', '/api/v1/operators', { username, password, roles });
  if (status !== 201) throw new Error(`the operator was not made: ${status} ${JSON.stringify(body)}`);
  return { id: body.id, username, password, client: await new HttpClient(platform.api).signIn(username, password) };
};

/** Audit rows of an action, oldest first. */
export const audited = async (
  platform: Platform,
  action: string,
): Promise<{ actor: string; subject: string; details: Record<string, unknown> }[]> => {
  const rows = await platform.query<{ body: string }>(
    "SELECT body FROM audit_event WHERE body::jsonb ->> 'action' = $1 ORDER BY chain, seq",
    [action],
  );
  return rows.map(
    ({ body }) => JSON.parse(body) as { actor: string; subject: string; details: Record<string, unknown> },
  );
};
