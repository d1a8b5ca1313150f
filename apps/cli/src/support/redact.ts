const HIDDEN = '[hidden]';

/** Members that hold a secret, or what people write for themselves. */
const SECRET_NAME = /password|passphrase|secret|token|(?:private|api).?key|authorization|cookie|^notes?$/i;

/** Ids of tokens, and how many there are, are no secret. */
const HARMLESS_NAME = /(?:Id|Ids|At|Count)$/;

const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  // Three parts of base64url: a JWS. Four dots: a JWE.
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){2,4}/g, HIDDEN],
  [/\b((?:Bearer|Basic|Digest)\s+)[^\s"']+/gi, `$1${HIDDEN}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']+@/gi, `$1${HIDDEN}@`],
  [/([?&](?:ticket|token|password|key|secret)=)[^\s&#"']+/gi, `$1${HIDDEN}`],
];

/** The same without what opens anything; nothing is changed in place. */
export const redacted = (value: unknown): unknown => {
  if (typeof value === 'string') return redactedText(value);
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, redactedMember(name, member)]));
};

const redactedMember = (name: string, member: unknown): unknown => {
  const isSecret = SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
  if (!isSecret || member === null || typeof member === 'boolean') return redacted(member);
  return HIDDEN;
};

const redactedText = (text: string): string =>
  SECRET_TEXTS.reduce((left, [pattern, instead]) => left.replaceAll(pattern, instead), text);
