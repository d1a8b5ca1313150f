import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  user: string;
  password: string;
}

type Challenge = { scheme: 'basic' } | { scheme: 'digest'; parameters: Record<string, string>; hash: 'md5' | 'sha256' };

/** A camera that calls every nonce stale would be asked for ever. */
const maxStaleInARow = 3;

/** Answers the WWW-Authenticate challenges of one connection; picks Digest SHA-256, then Digest MD5, then Basic (RFC 7616, RFC 7617). */
export class Authorization {
  #challenge: Challenge | undefined;
  #count = 0;
  #unconfirmed = false;
  #staleInARow = 0;

  constructor(readonly credentials: Credentials) {}

  /** Takes over the challenges of a 401; false when none can be answered or the password was already refused with it. */
  accept(headers: string[]): boolean {
    const offers = headers
      .flatMap(splitChallenges)
      .map(parseChallenge)
      .filter((offer) => offer !== undefined);
    offers.sort((a, b) => rank(a) - rank(b));
    const best = offers[0];
    if (!best) return false;
    const stale = best.scheme === 'digest' && best.parameters['stale']?.toLowerCase() === 'true';
    this.#staleInARow = stale ? this.#staleInARow + 1 : 0;
    const repeated = (this.#unconfirmed && !stale) || this.#staleInARow > maxStaleInARow;
    this.#challenge = best;
    this.#count = 0;
    this.#unconfirmed = true;
    return !repeated;
  }

  /** A request was let through: the next 401 is a new question, not a wrong password. */
  confirm(): void {
    this.#unconfirmed = false;
    this.#staleInARow = 0;
  }

  /** Value of the Authorization header; undefined before the first challenge. */
  header(method: string, uri: string): string | undefined {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    const { user, password } = this.credentials;
    if (challenge.scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const { realm = '', nonce = '', opaque, qop, algorithm } = challenge.parameters;
    const hash = (text: string): string => createHash(challenge.hash).update(text).digest('hex');
    const cnonce = randomBytes(8).toString('hex');
    const count = (++this.#count).toString(16).padStart(8, '0');
    const auth = qop?.split(/[\s,]+/).includes('auth') === true;
    const session = algorithm?.toLowerCase().endsWith('-sess') === true;
    const plain = hash(`${user}:${realm}:${password}`);
    const first = session ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
    const second = hash(`${method}:${uri}`);
    const response = hash(auth ? `${first}:${nonce}:${count}:${cnonce}:auth:${second}` : `${first}:${nonce}:${second}`);
    const fields = [
      `username="${quote(user)}"`,
      `realm="${quote(realm)}"`,
      `nonce="${quote(nonce)}"`,
      `uri="${uri}"`,
      `response="${response}"`,
    ];
    if (algorithm) fields.push(`algorithm=${algorithm}`);
    if (auth) fields.push('qop=auth', `nc=${count}`);
    if (auth || session) fields.push(`cnonce="${cnonce}"`);
    if (opaque !== undefined) fields.push(`opaque="${quote(opaque)}"`);
    return `Digest ${fields.join(', ')}`;
  }
}

function quote(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

function rank(challenge: Challenge): number {
  if (challenge.scheme === 'basic') return 2;
  return challenge.hash === 'sha256' ? 0 : 1;
}

/** One header may carry several challenges: cut before each scheme name. */
function splitChallenges(header: string): string[] {
  return header.split(/,\s*(?=(?:Basic|Digest)\s)/i);
}

function parseChallenge(text: string): Challenge | undefined {
  if (/^basic\b/i.test(text.trim())) return { scheme: 'basic' };
  if (!/^digest\s/i.test(text.trim())) return undefined;
  const parameters: Record<string, string> = {};
  for (const match of text.matchAll(/([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)) {
    parameters[match[1].toLowerCase()] = match[2]?.replace(/\\(.)/g, '$1') ?? match[3];
  }
  const algorithm = (parameters['algorithm'] ?? 'MD5').toLowerCase().replace(/-sess$/, '');
  const hash = { md5: 'md5', 'sha-256': 'sha256' }[algorithm] as 'md5' | 'sha256' | undefined;
  return hash && parameters['nonce'] !== undefined ? { scheme: 'digest', parameters, hash } : undefined;
}
