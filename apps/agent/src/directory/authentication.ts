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
import { parseBasicCredentials, type UserVerifier } from './user-verifier.js';

type NodeServerRequest = Parameters<ReturnType<typeof connectNodeAdapter>>[0];

/** The account that a call has proved. */
export const ACCOUNT = createContextKey('');
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

  /** Each call proves its account: a directory has no sessions beyond the connection. */
  get interceptor(): Interceptor {
    return (next) => async (request) => {
      const credentials = parseBasicCredentials(request.header.get('authorization'));
      const isKnown =
        credentials !== undefined && (await this.users.verify(credentials.username, credentials.password));
      if (!isKnown) throw new ConnectError('a federation account of this site is needed', Code.Unauthenticated);
      request.contextValues.set(ACCOUNT, credentials.username);
      const session = request.contextValues.get(SESSION);
      if (session !== undefined) this.#proven.add(session);
      return next(request);
    };
  }
}
