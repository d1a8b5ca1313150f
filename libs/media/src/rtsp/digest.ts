import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { DigestSecret } from '@app/contracts';
import { RtspRefusal } from './status.js';
import { parseStreamUrl } from './stream-url.js';

const maxHeaderLength = 4096;
/** A request of a connection that has shown its right is not asked again, so this bounds idle connections only. */
const nonceLifetimeMs = 300_000;
const nonceBytes = 16;

const algorithms = { md5: 'md5', 'sha-256': 'sha256' } as const;
type Hash = (typeof algorithms)[keyof typeof algorithms];

/** What a client has answered to a challenge. Nothing of it is believed before `verify`. */
export interface DigestCredentials {
  readonly username: string;
  /** Of another connection, over, or used before: it is asked again, whoever it is. */
  readonly isStale: boolean;
  /** True when it was made with the password that `secret` is of; its nonce count is used up then. */
  verify(secret: DigestSecret): boolean;
}

/**
 * Digest as a server asks for it (RFC 7616, RFC 2326 section D.1.2), for one connection. The nonce is the connection's own: what was
 * overheard on one is worth nothing on another, and on this one a count that was used is refused. SHA-256 comes first, MD5 last:
 * players that know MD5 alone take the last challenge they understand. Clients before RFC 2617 send no qop; they are heard with MD5.
 */
export class DigestServer {
  #nonce = '';
  #issuedAt = 0;
  #lastCount = 0;

  constructor(
    readonly realm: string,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** WWW-Authenticate headers, the strongest first. After a stale answer the nonce is a new one: clients begin to count again. */
  challenges(stale: boolean): string[] {
    if (stale || this.#nonce === '' || this.#isOver()) this.#renew();
    const rest = `realm="${this.realm}", nonce="${this.#nonce}", qop="auth"${stale ? ', stale=true' : ''}`;
    return ['SHA-256', 'MD5'].map((algorithm) => `Digest ${rest}, algorithm=${algorithm}`);
  }

  /** Undefined without an answer to such a challenge. Throws 400 for one that is none. */
  read(header: string | undefined, method: string, requestUrl: string): DigestCredentials | undefined {
    if (header === undefined || !/^digest\s/i.test(header)) return undefined;
    const answer = parseAnswer(header);
    if (answer.realm !== this.realm) return undefined;
    if (pathOf(answer.uri) !== pathOf(requestUrl)) throw malformed('Authorization is for another URL');
    const isStale = answer.nonce !== this.#nonce || this.#isOver() || (answer.count ?? Infinity) <= this.#lastCount;
    return {
      username: answer.username,
      isStale,
      verify: (secret) => {
        if (isStale || (answer.count ?? Infinity) <= this.#lastCount) return false;
        if (!isEqual(answer.response, responseOf(answer, method, secret[answer.hash]))) return false;
        if (answer.count !== undefined) this.#lastCount = answer.count;
        return true;
      },
    };
  }

  #isOver(): boolean {
    return this.now() - this.#issuedAt > nonceLifetimeMs;
  }

  #renew(): void {
    this.#nonce = randomBytes(nonceBytes).toString('hex');
    this.#issuedAt = this.now();
    this.#lastCount = 0;
  }
}

interface DigestAnswer {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  hash: Hash;
  cnonce: string;
  /** Undefined without qop. */
  count: number | undefined;
  countText: string;
}

/** RFC 7616 section 3.4.1; without qop that of RFC 2069. `secret` is H(A1) in hex. */
export function responseOf(
  answer: Pick<DigestAnswer, 'nonce' | 'uri' | 'hash' | 'cnonce' | 'count' | 'countText'>,
  method: string,
  secret: string,
): string {
  const hash = (text: string): string => createHash(answer.hash).update(text).digest('hex');
  const request = hash(`${method}:${answer.uri}`);
  if (answer.count === undefined) return hash(`${secret}:${answer.nonce}:${request}`);
  return hash(`${secret}:${answer.nonce}:${answer.countText}:${answer.cnonce}:auth:${request}`);
}

function parseAnswer(header: string): DigestAnswer {
  const given = parameters(header);
  const take = (name: string): string => {
    const value = given.get(name);
    if (value === undefined || value === '') throw malformed(`Authorization lacks ${name}`);
    return value;
  };
  const hash = hashOf(given.get('algorithm') ?? 'MD5');
  const qop = given.get('qop');
  if (qop !== undefined && qop !== 'auth') throw malformed('Authorization has another qop than auth');
  // Only clients of before RFC 2617 leave it out, and they know MD5 alone.
  if (qop === undefined && hash !== 'md5') throw malformed('Authorization lacks qop');
  const countText = qop === undefined ? '' : take('nc');
  if (qop !== undefined && !/^[0-9a-f]{8}$/i.test(countText)) throw malformed('Authorization has a bad nc');
  return {
    username: take('username'),
    realm: take('realm'),
    nonce: take('nonce'),
    uri: take('uri'),
    response: take('response').toLowerCase(),
    hash,
    cnonce: qop === undefined ? '' : take('cnonce'),
    count: qop === undefined ? undefined : Number.parseInt(countText, 16),
    countText,
  };
}

function hashOf(algorithm: string): Hash {
  const name = algorithm.toLowerCase();
  if (Object.hasOwn(algorithms, name)) return algorithms[name as keyof typeof algorithms];
  throw malformed('Authorization has an algorithm that was not offered');
}

/** Each name once: of two usernames the wrong one might be believed. */
function parameters(header: string): Map<string, string> {
  if (header.length > maxHeaderLength) throw malformed('Authorization is too long');
  const found = new Map<string, string>();
  for (const match of header.slice('digest'.length).matchAll(/([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    const name = (match[1] ?? '').toLowerCase();
    if (found.has(name)) throw malformed(`Authorization has ${name} twice`);
    found.set(name, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  return found;
}

/** Clients send it absolute or from the slash on; with or without the query and the track of the request. */
function pathOf(uri: string): string {
  return parseStreamUrl(uri.startsWith('/') ? `rtsp://host${uri}` : uri).path;
}

function isEqual(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(expected));
}

function malformed(reason: string): RtspRefusal {
  return new RtspRefusal(400, 'rtsp-malformed', reason);
}
