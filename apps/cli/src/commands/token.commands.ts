import { apiToken, type ApiToken, issuedApiToken } from '../api/shapes.js';
import { CliError } from '../errors.js';
import { intoNewFile } from '../files/reserved-file.js';
import type { Field } from '../output/output.js';
import { instant, relative } from '../output/time.js';
import { command } from '../program/command.js';
import { durationSeconds } from '../program/input.js';
import { findOperator } from './operator-reference.js';

const DEFAULT_SECONDS = 90 * 86_400;

const FIELDS: readonly Field<ApiToken>[] = [
  { title: 'ID', whole: true, of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'SCOPES', of: ({ scopes }) => scopes.join(',') },
  { title: 'LAST USED', whole: true, of: ({ lastUsedAt }) => relative(lastUsedAt) },
  { title: 'ENDS', whole: true, of: ({ expiresAt, revokedAt }) => (revokedAt ? 'revoked' : relative(expiresAt)) },
];

interface CreateFlags {
  scope?: string[];
  validFor?: number;
  output?: string;
}

const create = command<CreateFlags>({
  path: 'token create',
  summary: 'an API token for a program; it is written into a file that only you can read',
  args: [{ name: '<name>', summary: 'what it is for', complete: 'none' }],
  options: [
    { flags: '--scope <permission>', summary: 'what it may do; may be repeated', repeat: true, complete: 'none' },
    {
      flags: '--valid-for <time>',
      summary: '90d when absent, at most 365d',
      parse: durationSeconds('--valid-for'),
      complete: 'none',
    },
    { flags: '--output <file>', summary: 'a file that is not there yet; NAME.token when absent', complete: 'file' },
  ],
  examples: [
    "adit token create 'nightly export' --scope audit:read --output export.token",
    'ADIT_URL=https://adit.example.com ADIT_TOKEN=$(cat export.token) adit audit list',
  ],
  run: async ({ args: [name = ''], flags: { scope = [], validFor = DEFAULT_SECONDS, output }, api, out }) => {
    if (scope.length === 0) {
      throw new CliError(
        'wrong-usage',
        'what may the token do?',
        'Give --scope; adit whoami lists what you may do yourself',
      );
    }
    const client = await api();
    const path = output ?? `${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.token`;
    const expiresAt = new Date(Date.now() + validFor * 1_000).toISOString();
    const { token: _, ...shown } = await intoNewFile(path, async (file) => {
      const issued = await client.post(issuedApiToken, '/api-tokens', { name, scopes: scope, expiresAt });
      if (issued.token === null) {
        throw new CliError(
          'answer-lost',
          `token ${issued.id} was made, but it got lost on the way`,
          `adit token revoke ${issued.id}, then again`,
        );
      }
      await file.append(`${issued.token}\n`);
      return issued;
    });
    out.one({ ...shown, file: path }, path, [
      ['Token', path],
      ['Id', shown.id],
      ['Scopes', shown.scopes.join(', ')],
      ['Ends', instant(shown.expiresAt)],
    ]);
  },
});

const list = command<{ operator?: string }>({
  path: 'token list',
  summary: "your API tokens, or another operator's",
  options: [{ flags: '--operator <name>', summary: 'whose', complete: 'operator' }],
  examples: ['adit token list', 'adit token list --operator jana'],
  run: async ({ flags: { operator }, api, out }) => {
    const client = await api();
    const operatorId = operator === undefined ? undefined : (await findOperator(client, operator)).id;
    await out.list(client.list(apiToken, '/api-tokens', { operatorId }), FIELDS, {
      id: ({ id }) => id,
      nothing: 'There is no API token: adit token create NAME --scope PERMISSION',
    });
  },
});

const revoke = command({
  path: 'token revoke',
  summary: 'end an API token',
  args: [{ name: '<token>', summary: 'its id; adit token list shows it', complete: 'none' }],
  examples: ['adit token revoke 0199a3c2-7e1b-7000-8000-3f2a1c0d9e8f'],
  run: async ({ args: [id = ''], api, out }) => {
    await (await api()).delete(`/api-tokens/${encodeURIComponent(id)}`);
    out.done({ id, revoked: true }, `Token ${id} is over.`);
  },
});

export const TOKEN_COMMANDS = [create, list, revoke];
