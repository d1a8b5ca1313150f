export const REMOVED = '[removed]';
/** A shorter one would take half of every text with it, and protects nothing. */
const MIN_SECRET = 4;

/** What a secret looks like, wherever it stands. Rather too much than too little. */
const SHAPES: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REMOVED],
  [/\$(?:argon2(?:id|i|d)|2[aby]|scrypt|pbkdf2[a-z0-9-]*)\$[^\s"']+/g, REMOVED],
  [/\b(?:Basic|Bearer|Digest)\s+[A-Za-z0-9+/=._~-]{6,}/gi, REMOVED],
  // Up to the last @: a password that was not escaped may hold anything.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"']*@/gi, '$1'],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s"'?#]*)[?#][^\s"']*/gi, '$1'],
  [
    /(user(?:name)?|pass(?:word|wd|phrase)?|pwd|token|secret|api[_-]?key)(["']?[:=_]\s*["']?)[^\s"'&,;/]+/gi,
    `$1$2${REMOVED}`,
  ],
];

/** Says that there is one, and no more. */
const WORDS = new Set(['set', 'not set', 'none', 'stored']);
const SECRET_MEMBER = /pass(?:word|wd|phrase)|secret|token|private|authorization|credential/i;

/** Takes out of texts what is a secret by its shape, and every secret that is known, in the spellings that it may have. */
export class Redaction {
  private readonly known: string[];

  constructor(secrets: Iterable<string>) {
    const spelt = [...secrets].flatMap((secret) => [secret, encodeURIComponent(secret), base64(secret)]);
    // A longer one may hold a shorter one.
    this.known = [...new Set(spelt)]
      .filter(({ length }) => length >= MIN_SECRET)
      .toSorted((a, b) => b.length - a.length);
  }

  text(text: string): string {
    const plain = this.known.reduce((all, secret) => all.replaceAll(secret, REMOVED), text);
    return SHAPES.reduce((all, [shape, instead]) => all.replace(shape, instead), plain);
  }

  /** The same of everything in a value of JSON; members that are named like a secret are taken out whatever they hold. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        this.text(name),
        isSecret(name, member) ? REMOVED : this.value(member),
      ]),
    );
  }
}

const isSecret = (name: string, member: unknown): boolean =>
  SECRET_MEMBER.test(name) && typeof member === 'string' && !WORDS.has(member);

const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '');
