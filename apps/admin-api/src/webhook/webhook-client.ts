import { type Cidr, isAllowedAddress } from '@app/tunnel-dialer';
import { lookup } from 'node:dns/promises';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { hostOf, isLoopback } from './webhook-url.js';

const TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16_384;
/** Of an answer's body, which nobody reads; more ends the connection. */
const MAX_BODY_BYTES = 65_536;

export type AttemptError =
  | 'address-not-allowed'
  | 'name-unknown'
  | 'connection-failed'
  | 'tls-failed'
  | 'timeout'
  | 'redirect'
  | 'status'
  | 'internal';

export interface Attempt {
  /** Null without an answer. */
  status: number | null;
  /** Null when it was taken: any 2xx. */
  error: AttemptError | null;
  durationMs: number;
  /** What the receiver asks for in Retry-After. */
  retryAfterSeconds?: number;
}

export interface ClientOptions {
  allowed: readonly Cidr[];
  plainLoopback: boolean;
  /** PEM, in place of the public authorities. */
  ca?: string[] | undefined;
  timeoutMs?: number;
  resolve?: (host: string) => Promise<string[]>;
}

class Refused extends Error {
  constructor(readonly code: AttemptError) {
    super(code);
  }
}

const bySystem = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * One POST to a URL that a stranger chose. The name is resolved once, the address judged, and the connection goes to that
 * very address; redirects are not followed; the answer's body is thrown away.
 */
export class WebhookClient {
  constructor(private readonly options: ClientOptions) {}

  /** Never rejects. @param signal ends the attempt, which then counts as `timeout` */
  async post(target: string, body: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Attempt> {
    const startedAt = performance.now();
    const limit = AbortSignal.timeout(this.options.timeoutMs ?? TIMEOUT_MS);
    const until = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    const lasted = (): number => performance.now() - startedAt;
    try {
      const url = new URL(target);
      const address = await Promise.race([this.judge(url), aborted(until)]);
      const answer = await this.send(url, address, body, headers, until);
      return { ...judged(answer), durationMs: lasted() };
    } catch (error) {
      return { status: null, error: until.aborted ? 'timeout' : codeOf(error), durationMs: lasted() };
    }
  }

  private async judge(url: URL): Promise<string> {
    const { allowed, plainLoopback, resolve = bySystem } = this.options;
    const host = hostOf(url);
    const addresses = isIP(host) === 0 ? await resolve(host).catch(() => []) : [host];
    if (addresses.length === 0) throw new Refused('name-unknown');
    const plain = url.protocol !== 'https:';
    const found = addresses.find(
      (address) => isAllowedAddress(address, allowed) && (!plain || (plainLoopback && isLoopback(address))),
    );
    if (found === undefined) throw new Refused('address-not-allowed');
    return found;
  }

  private send(
    url: URL,
    address: string,
    body: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const host = hostOf(url);
    const options: RequestOptions = {
      host: address,
      port: url.port === '' ? undefined : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: { ...headers, host: url.host, 'content-length': Buffer.byteLength(body) },
      agent: false,
      signal,
      maxHeaderSize: MAX_HEADER_BYTES,
      servername: isIP(host) === 0 ? host : '',
      minVersion: 'TLSv1.2',
      ca: this.options.ca,
    };
    return new Promise((settle, reject) => {
      const request = url.protocol === 'https:' ? requestTls(options) : requestPlain(options);
      request.once('error', reject);
      request.once('response', (response) => {
        request.on('error', () => undefined);
        discard(response);
        settle(response);
      });
      request.end(body);
    });
  }
}

/** The status decides. What follows is read so far that a small answer ends in order, and cut beyond. */
const discard = (response: IncomingMessage): void => {
  let bytes = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) response.destroy();
  });
};

const judged = ({ statusCode = 0, headers }: IncomingMessage): Omit<Attempt, 'durationMs'> => {
  if (statusCode >= 200 && statusCode < 300) return { status: statusCode, error: null };
  const seconds = Number(headers['retry-after']);
  return {
    status: statusCode,
    error: statusCode >= 300 && statusCode < 400 ? 'redirect' : 'status',
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(new Refused('timeout'));
    signal.addEventListener('abort', () => reject(new Refused('timeout')), { once: true });
  });

const codeOf = (error: unknown): AttemptError => {
  if (error instanceof Refused) return error.code;
  const { code } = error as { code?: unknown };
  // OpenSSL's verification codes, Node's TLS codes, alerts.
  if (typeof code === 'string' && /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ISSUER/.test(code)) return 'tls-failed';
  return 'connection-failed';
};
