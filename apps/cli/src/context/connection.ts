import type { CliEnvironment } from '../config.js';
import { CliError } from '../errors.js';
import { CONTEXT_NAME, type Context, type ContextFile } from './context-file.js';

export interface Connection {
  url: string;
  token: string;
  /** Absent when the environment alone says where to go. */
  context?: string;
}

const DEFAULT_CONTEXT = 'default';
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The name a sign-in goes under. @throws CliError `wrong-usage` */
export const contextName = async (
  wanted: string | undefined,
  environment: CliEnvironment,
  file: ContextFile,
): Promise<string> => {
  const name = wanted ?? environment.ADIT_CONTEXT ?? (await file.read()).current ?? DEFAULT_CONTEXT;
  if (CONTEXT_NAME.test(name)) return name;
  throw new CliError('wrong-usage', 'A context is named by letters, digits, dots, hyphens and underscores');
};

/** @throws CliError `context-unknown` for a name that was asked for */
export const findContext = async (
  wanted: string | undefined,
  environment: CliEnvironment,
  file: ContextFile,
): Promise<{ name: string; context: Context } | undefined> => {
  const { current, contexts } = await file.read();
  const asked = wanted ?? environment.ADIT_CONTEXT;
  const name = asked ?? current;
  const context = name !== undefined && Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (name !== undefined && context !== undefined) return { name, context };
  if (asked === undefined) return undefined;
  const known = Object.keys(contexts).join(', ') || 'none';
  throw new CliError('context-unknown', `there is no context ${asked}; known: ${known}`, loginAdvice(asked));
};

/**
 * Where to go, and as whom. ADIT_TOKEN goes to ADIT_URL, or to the context's server when there is no ADIT_URL;
 * a context's own token goes to the context's own server and nowhere else.
 * @throws CliError `not-signed-in`, `url-insecure`, `context-unknown`
 */
export const connection = async (
  wanted: string | undefined,
  environment: CliEnvironment,
  file: ContextFile,
): Promise<Connection> => {
  if (environment.ADIT_URL !== undefined && environment.ADIT_TOKEN !== undefined && wanted === undefined) {
    return { url: serverUrl(environment.ADIT_URL), token: environment.ADIT_TOKEN };
  }
  const found = await findContext(wanted, environment, file);
  const url = wanted === undefined ? (environment.ADIT_URL ?? found?.context.url) : found?.context.url;
  const own = found !== undefined && url !== undefined && sameServer(url, found.context.url);
  const token = (wanted === undefined ? environment.ADIT_TOKEN : undefined) ?? (own ? found.context.token : undefined);
  if (url !== undefined && token !== undefined) {
    return { url: serverUrl(url), token, ...(own ? { context: found.name } : {}) };
  }
  const where = url === undefined ? '' : ` at ${url}`;
  throw new CliError('not-signed-in', `you are not signed in${where}`, loginAdvice(found?.name));
};

const loginAdvice = (name: string | undefined): string =>
  name === undefined || name === DEFAULT_CONTEXT
    ? 'Sign in: adit login --url https://HOST; a program sets ADIT_URL and ADIT_TOKEN'
    : `Sign in: adit login --context ${name}`;

const sameServer = (one: string, other: string): boolean => URL.parse(one)?.href === URL.parse(other)?.href;

/** The server's address without a slash at its end. @throws CliError `wrong-usage`, `url-insecure` */
export const serverUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
    throw new CliError('wrong-usage', 'the server is named by https://HOST[:PORT]', 'Check --url or ADIT_URL');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CliError('wrong-usage', 'the address of the server holds no user, password, query or fragment');
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    const advice = `Use https://${url.host}: passwords and tokens do not travel in the clear`;
    throw new CliError('url-insecure', `${url.origin} has no TLS and is not this machine`, advice);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
};
