import type { ApiClient } from '../api/client.js';
import { ApiProblem } from '../api/problem.js';
import { currentSession, session } from '../api/shapes.js';
import { contextName, findContext, serverUrl } from '../context/connection.js';
import type { Context } from '../context/context-file.js';
import { CliError } from '../errors.js';
import { instant } from '../output/time.js';
import { type Call, command } from '../program/command.js';
import { readSecret, secretOf } from '../program/input.js';

interface LoginFlags {
  url?: string;
  username?: string;
  passwordFile?: string;
  tokenFile?: string;
}

const LOCAL_URL = 'http://127.0.0.1:8080';

const login = command<LoginFlags>({
  path: 'login',
  summary: 'sign in at a server; the session is kept for the next commands',
  options: [
    { flags: '--url <url>', summary: 'https://HOST[:PORT]; http on this machine alone (ADIT_URL)', complete: 'none' },
    { flags: '--username <name>', summary: 'asked for when absent', complete: 'none' },
    { flags: '--password-file <file>', summary: 'instead of being asked; - for standard input', complete: 'file' },
    { flags: '--token-file <file>', summary: 'an API token instead of a user; - for standard input', complete: 'file' },
  ],
  examples: [
    'adit login --url https://adit.example.com --username admin',
    'adit login --context test --url https://test.example.com --token-file ./token',
    'adit login --username admin --password-file - < .adit/first-password',
  ],
  run: async (call) => {
    const { flags, contexts, environment, out } = call;
    const name = await contextName(flags.context, environment, contexts);
    const url = serverUrl(await urlOf(call, name));
    const context =
      flags.tokenFile === undefined ? await bySession(call, url) : await byToken(call, url, flags.tokenFile);
    await contexts.change((all) => {
      all.contexts[name] = context;
      all.current = name;
    });
    const { token: _, ...shown } = context;
    const until = context.expiresAt === undefined ? '' : `, until ${instant(context.expiresAt)}`;
    out.done({ context: name, ...shown }, `Signed in at ${url} as ${context.username ?? 'an API token'}${until}.`);
  },
});

const urlOf = async ({ flags, environment, contexts, terminal }: Call<LoginFlags>, name: string): Promise<string> => {
  const known = (await contexts.read()).contexts[name]?.url;
  const given = flags.url ?? environment.ADIT_URL ?? known;
  if (given !== undefined) return given;
  if (terminal.askText === undefined) {
    throw new CliError('wrong-usage', 'which server?', 'Name it with --url https://HOST, or ADIT_URL');
  }
  return (await terminal.askText(`Server [${LOCAL_URL}]: `)).trim() || LOCAL_URL;
};

const bySession = async (call: Call<LoginFlags>, url: string): Promise<Context> => {
  const { flags, terminal } = call;
  const username = flags.username ?? (await terminal.askText?.('Username: '))?.trim();
  if (username === undefined || username === '')
    throw new CliError('wrong-usage', 'who signs in?', 'Give --username NAME');
  const password = await secretOf(flags.passwordFile, `Password of ${username}`, '--password-file', call);
  const { token, expiresAt, operator } = await call
    .apiAt(url)
    .post(session, '/sessions', { username, password })
    .catch((error: unknown) => {
      if (!(error instanceof ApiProblem) || error.code !== 'unauthenticated') throw error;
      throw new CliError('not-signed-in', error.problem.detail, 'Check both; an administrator can set a new password', {
        cause: error,
      });
    });
  return { url, username: operator.username, token, kind: 'session', expiresAt };
};

const byToken = async (call: Call<LoginFlags>, url: string, path: string): Promise<Context> => {
  const token = (await readSecret(path, call)).trim();
  const { operator, expiresAt } = await call.apiAt(url, token).get(currentSession, '/sessions/current');
  const until = typeof expiresAt === 'string' ? { expiresAt } : {};
  return { url, username: operator.username, token, kind: 'api-token', ...until };
};

const logout = command({
  path: 'logout',
  summary: 'end the session; an API token is forgotten here and stays valid',
  examples: ['adit logout', 'adit logout --context test'],
  run: async ({ flags, contexts, environment, out, apiAt }) => {
    const found = await findContext(flags.context, environment, contexts);
    if (found?.context.token === undefined) return out.done({ signedOut: false }, 'You were not signed in.');
    const { name, context } = found;
    const ended =
      context.kind !== 'api-token' &&
      (await endSession(apiAt(serverUrl(context.url), context.token), out.note.bind(out)));
    await contexts.change(({ contexts: all }) => {
      const { token: _, expiresAt: __, kind: ___, ...kept } = all[name] ?? context;
      all[name] = kept;
    });
    out.done({ context: name, signedOut: true, sessionEnded: ended }, `Signed out at ${context.url}.`);
  },
});

/** Whatever the server says, the token is forgotten here. @returns whether it is over there too */
const endSession = async (api: ApiClient, note: (text: string) => void): Promise<boolean> => {
  try {
    await api.delete('/sessions/current');
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return true;
    note(
      `The session is forgotten here; at the server it ends by itself (${error instanceof Error ? error.message : ''})`,
    );
    return false;
  }
};

const whoami = command({
  path: 'whoami',
  summary: 'who is signed in where, and what he may do',
  examples: ['adit whoami', 'adit whoami --json'],
  run: async ({ api, out }) => {
    const client = await api();
    const current = await client.get(currentSession, '/sessions/current');
    const { operator, via, expiresAt, permissions } = current;
    out.one(current, operator.username, [
      ['Operator', operator.username],
      ['Server', client.url],
      ['Tenant', operator.tenantId],
      ['Roles', operator.roles.join(', ')],
      ['Signed in', `${via === 'api-token' ? 'by API token' : 'by session'}, until ${instant(expiresAt)}`],
      ['May', permissions.join(', ')],
    ]);
  },
});

export const SIGN_IN_COMMANDS = [login, logout, whoami];
