import type { Http2ServerRequest, ServerHttp2Session } from 'node:http2';
import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type ContextValues,
  type Interceptor,
} from '@connectrpc/connect';
import type { connectNodeAdapter } from '@connectrpc/connect-node';
import { UsersBusyError } from '../users/busy-error.js';
import type { SiteAccount } from '../users/rights.js';
import { type BasicCredentials, parseBasicCredentials, type UserVerifier } from './user-verifier.js';

type NodeServerRequest = Parameters<ReturnType<typeof connectNodeAdapter>>[0];

const ACCOUNT = createContextKey<SiteAccount | undefined>(undefined);

/** Whose call it is. @throws ConnectError Unauthenticated: a call that no interceptor has seen */
export const accountIn = (values: ContextValues): SiteAccount => {
  const account = values.get(ACCOUNT);
  if (account === undefined)
    throw new ConnectError('a federation account of this site is needed', Code.Unauthenticated);
  return account;
};

const SESSION = createContextKey<ServerHttp2Session | undefined>(undefined);

/** Sessions that have shown a valid account; those that have not are cut after a while. */
export class Authentication {
  readonly #proven = new WeakSet<ServerHttp2Session>();

  constructor(
    private readonly users: UserVerifier,
    private readonly withinMs: number,
  ) {}

  watch(session: ServerHttp2Session): void {
    const timer = setTimeout(() => {
      if (!this.#proven.has(session)) session.destroy();
    }, this.withinMs);
    session.once('close', () => clearTimeout(timer));
  }

  /** Hands the connection of a call to its interceptor. */
  contextOf(request: NodeServerRequest): ContextValues {
    const { stream } = request as Partial<Pick<Http2ServerRequest, 'stream'>>;
    return createContextValues().set(SESSION, stream?.session as ServerHttp2Session | undefined);
  }

  /** @throws ConnectError Unavailable: a host is not told that its password is wrong when somebody else guesses */
  async #verify({ username, password }: BasicCredentials): Promise<SiteAccount | undefined> {
    try {
      return await this.users.verify(username, password);
    } catch (error) {
      if (error instanceof UsersBusyError) throw new ConnectError(error.message, Code.Unavailable);
      throw error;
    }
  }

  /** Each call proves its account: a directory has no sessions beyond the connection. */
  get interceptor(): Interceptor {
    return (next) => async (request) => {
      const credentials = parseBasicCredentials(request.header.get('authorization'));
      const account = credentials === undefined ? undefined : await this.#verify(credentials);
      if (account === undefined)
        throw new ConnectError('a federation account of this site is needed', Code.Unauthenticated);
      request.contextValues.set(ACCOUNT, account);
      const session = request.contextValues.get(SESSION);
      if (session !== undefined) this.#proven.add(session);
      return next(request);
    };
  }
}
