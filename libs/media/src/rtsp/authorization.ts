import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  user: string;
  password: string;
}

/** Names of node:crypto, the strongest first. */
const hashes = { 'sha-256': 'sha256', 'sha-512-256': 'sha512-256', md5: 'md5' } as const;
type Hash = (typeof hashes)[keyof typeof hashes];

interface DigestChallenge {
  scheme: 'digest';
  parameters: Record<string, string>;
  hash: Hash;
  qop: 'auth' | 'auth-int' | undefined;
}

/** `unknown`: a digest that cannot be answered here. */
type Challenge = { scheme: 'basic' } | { scheme: 'unknown' } | DigestChallenge;

/** A camera that calls every nonce stale would be asked for ever. */
const maxStaleInARow = 3;

/**
 * Answers the WWW-Authenticate challenges of one connection (RFC 7616, RFC 7617): the strongest Digest, and Basic, which gives
 * the password away, only where the camera offers nothing else.
 */
export class Authorization {
  #challenge: Exclude<Challenge, { scheme: 'unknown' }> | undefined;
  #count = 0;
  #clientNonce = '';
  #unconfirmed = false;
  #staleInARow = 0;

  constructor(readonly credentials: Credentials) {}

  /** Takes over the challenges of a 401; false when none can be answered or the password was already refused with it. */
  accept(headers: string[]): boolean {
    const offers = headers
      .flatMap(splitChallenges)
      .map(parseChallenge)
      .filter((offer) => offer !== undefined);
    const digests = offers.filter((offer) => offer.scheme === 'digest');
    digests.sort((a, b) => rank(a) - rank(b));
    const best = digests[0] ?? (offers.every(({ scheme }) => scheme === 'basic') ? offers[0] : undefined);
    if (!best) return false;
    const stale = best.scheme === 'digest' && best.parameters['stale']?.toLowerCase() === 'true';
    this.#staleInARow = stale ? this.#staleInARow + 1 : 0;
    const repeated = (this.#unconfirmed && !stale) || this.#staleInARow > maxStaleInARow;
    this.#challenge = best;
    this.#count = 0;
    // One for all answers to a nonce: the session variants hash it into their key once.
    this.#clientNonce = randomBytes(8).toString('hex');
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
    const { realm = '', nonce = '', opaque, algorithm } = challenge.parameters;
    const { qop } = challenge;
    const hash = (text: string): string => createHash(challenge.hash).update(text).digest('hex');
    const cnonce = this.#clientNonce;
    const count = (++this.#count).toString(16).padStart(8, '0');
    const session = algorithm?.toLowerCase().endsWith('-sess') === true;
    const plain = hash(`${user}:${realm}:${password}`);
    const first = session ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
    // Requests to cameras have no body.
    const second = hash(qop === 'auth-int' ? `${method}:${uri}:${hash('')}` : `${method}:${uri}`);
    const response = hash(
      qop ? `${first}:${nonce}:${count}:${cnonce}:${qop}:${second}` : `${first}:${nonce}:${second}`,
    );
    const fields = [
      `username="${quote(user)}"`,
      `realm="${quote(realm)}"`,
      `nonce="${quote(nonce)}"`,
      `uri="${uri}"`,
      `response="${response}"`,
    ];
    if (algorithm) fields.push(`algorithm=${algorithm}`);
    if (qop) fields.push(`qop=${qop}`, `nc=${count}`);
    if (qop || session) fields.push(`cnonce="${cnonce}"`);
    if (opaque !== undefined) fields.push(`opaque="${quote(opaque)}"`);
    return `Digest ${fields.join(', ')}`;
  }
}

function quote(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

const strength: readonly Hash[] = Object.values(hashes);

function rank({ hash }: DigestChallenge): number {
  return strength.indexOf(hash);
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
  const hash = Object.entries(hashes).find(([name]) => name === algorithm)?.[1];
  const offered =
    parameters['qop']
      ?.toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean) ?? [];
  const qop = (['auth', 'auth-int'] as const).find((wanted) => offered.includes(wanted));
  if (!hash || parameters['nonce'] === undefined || (offered.length > 0 && !qop)) return { scheme: 'unknown' };
  return { scheme: 'digest', parameters, hash, qop };
}
