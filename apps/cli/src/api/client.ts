import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CliError } from '../errors.js';
import { CLI_VERSION } from '../version.js';
import { collect } from './collect.js';
import { ApiProblem, readProblem } from './problem.js';
import { asTransportError, TransportError } from './transport.js';

export type Query = Record<string, string | number | undefined>;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ClientOptions {
  url: string;
  token?: string;
  /** Of one attempt. */
  timeoutMs: number;
  /** Ends whatever is under way. */
  signal?: AbortSignal;
  /** Tells that a request is repeated. */
  onRetry?: (reason: string, waitMs: number) => void;
}

interface Request {
  body?: unknown;
  query?: Query;
  headers?: Record<string, string>;
  /** Goes on for as long as both sides want: the timeout is for its beginning. */
  endless?: boolean;
}

const PAGE_SIZE = 200;
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 300;
/** A server that asks for more patience gets an answer by a person. */
const LONGEST_WAIT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** The server is there and cannot now; what it says of a creation is safe, for it has the key. */
const TRY_AGAIN = new Set([429, 502, 503, 504]);
/** The first request with this key is still running. */
const IN_PROGRESS = 'idempotency-in-progress';

const page = z.object({ items: z.array(z.unknown()), nextCursor: z.string().nullable() });

/** The REST API. What may be repeated without harm is repeated; every creation carries a key, so that it happens once. */
export class ApiClient {
  constructor(private readonly options: ClientOptions) {}

  get url(): string {
    return this.options.url;
  }

  async get<T>(shape: z.ZodType<T>, path: string, query?: Query): Promise<T> {
    return this.parsed(shape, path, await this.send('GET', path, query === undefined ? {} : { query }, true));
  }

  /** Also for actions: with the key, a repetition of the same request is answered by what the first one did. */
  async post<T>(shape: z.ZodType<T>, path: string, body: unknown = {}): Promise<T> {
    const headers = { 'idempotency-key': randomUUID() };
    return this.parsed(shape, path, await this.send('POST', path, { body, headers }, true));
  }

  /** Reads the tag first where the server gives one: a change by somebody else in between is refused, not overwritten. */
  async patch<T>(shape: z.ZodType<T>, path: string, body: unknown): Promise<T> {
    const headers = await this.tagOf(path);
    return this.parsed(shape, path, await this.send('PATCH', path, { body, headers }, false));
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.send('PUT', path, { body }, false);
  }

  /** @param tagged reads the tag of the thing first */
  async delete(path: string, tagged = false): Promise<void> {
    await this.send('DELETE', path, tagged ? { headers: await this.tagOf(path) } : {}, false);
  }

  /** Every item of a list, page by page. */
  async *list<T>(shape: z.ZodType<T>, path: string, query: Query = {}, most = Infinity): AsyncGenerator<T> {
    let cursor: string | undefined;
    let left = most;
    do {
      const limit = Math.min(PAGE_SIZE, left);
      const { items, nextCursor } = await this.get(page, path, { ...query, limit, cursor });
      for (const item of items) yield this.shaped(shape, path, item);
      left -= items.length;
      cursor = nextCursor ?? undefined;
    } while (cursor !== undefined && left > 0);
  }

  async all<T>(shape: z.ZodType<T>, path: string, query?: Query, most?: number): Promise<T[]> {
    return await collect(this.list(shape, path, query, most));
  }

  /** An answer that is no JSON, to be read as it comes. */
  async stream(method: 'GET' | 'POST', path: string, request: Request = {}): Promise<Response> {
    const key: Record<string, string> = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
    return await this.send(method, path, { ...request, headers: { ...key, ...request.headers } }, true);
  }

  private async tagOf(path: string): Promise<Record<string, string>> {
    const tag = (await this.send('GET', path, {}, true)).headers.get('etag');
    return tag === null ? {} : { 'if-match': tag };
  }

  private async send(method: Method, path: string, request: Request, repeatable: boolean): Promise<Response> {
    let waitMs = FIRST_WAIT_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(method, path, request);
      } catch (error) {
        const again = attempt < ATTEMPTS ? againAfter(error, repeatable, waitMs) : undefined;
        if (again === undefined) throw error;
        this.options.onRetry?.(error instanceof Error ? error.message : String(error), again);
        await sleep(again, undefined, this.options.signal ? { signal: this.options.signal } : {});
        waitMs *= 2 + Math.random();
      }
    }
  }

  private async attempt(method: Method, path: string, request: Request): Promise<Response> {
    const { body, query, headers, endless = false } = request;
    const { url, token, timeoutMs, signal } = this.options;
    const target = `${url}/api/v1${path}${queryText(query)}`;
    const begun = new AbortController();
    const timeout = endless ? begun.signal : AbortSignal.timeout(timeoutMs);
    const late = new DOMException('no answer began', 'TimeoutError');
    const timer = endless ? setTimeout(() => begun.abort(late), timeoutMs) : undefined;
    const response = await fetch(target, {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': `adit/${CLI_VERSION}`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A token does not follow to wherever an answer points.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw asTransportError(error, url);
    });
    clearTimeout(timer);
    if (response.ok || response.status === 304) return response;
    const problem = readProblem(await textOf(response));
    if (problem === undefined) throw notAdit(url, `it answers with HTTP ${response.status}`);
    throw new ApiProblem(response.status, problem, response.headers.get('x-request-id'), retryAfterMs(response));
  }

  private async parsed<T>(shape: z.ZodType<T>, path: string, response: Response): Promise<T> {
    let value: unknown;
    const text = await textOf(response).catch((error: unknown) => {
      throw asTransportError(error, this.url);
    });
    try {
      value = JSON.parse(text);
    } catch {
      throw notAdit(this.url, 'its answer is not JSON');
    }
    return this.shaped(shape, path, value);
  }

  private shaped<T>(shape: z.ZodType<T>, path: string, value: unknown): T {
    const { success, data, error } = shape.safeParse(value);
    if (success) return data;
    const [issue] = error.issues;
    throw notAdit(this.url, `its answer to ${path} is not understood (${issue?.path.join('.')}: ${issue?.message})`);
  }
}

const notAdit = (url: string, reason: string): CliError =>
  new CliError(
    'server-not-adit',
    `${url} is not an Adit server that this version knows: ${reason}`,
    'Check the address (adit context list), and that adit and the server are of the same version',
  );

/** Milliseconds after which the request is worth another try; undefined where it is not, or might happen twice. */
const againAfter = (error: unknown, repeatable: boolean, waitMs: number): number | undefined => {
  if (error instanceof TransportError) {
    if (error.code === 'server-untrusted' || !(repeatable || error.neverSent)) return undefined;
    return error.code === 'server-too-slow' ? undefined : waitMs;
  }
  if (!(error instanceof ApiProblem) || !repeatable) return undefined;
  if (!TRY_AGAIN.has(error.status) && error.code !== IN_PROGRESS) return undefined;
  const wish = error.retryAfterMs ?? waitMs;
  return wish > LONGEST_WAIT_MS ? undefined : Math.max(wish, FIRST_WAIT_MS);
};

const queryText = (query: Query = {}): string => {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
};

/** RFC 9110 10.2.3: seconds or a date. */
const retryAfterMs = (response: Response): number | undefined => {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
};

const textOf = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};
