import { AUDIT_ACTIONS, AUDIT_FAMILIES } from '@app/contracts';

/** What a webhook may ask for: everything, a family, or one action. */
export const EVENT_PATTERNS: readonly string[] = [
  '*',
  ...AUDIT_FAMILIES.map((family) => `${family}.*`),
  ...AUDIT_ACTIONS,
];

/** A mass outage is told in one event, which is for everybody who asked for that of single sites. */
const GROUPED: Readonly<Record<string, string>> = { 'sites.offline': 'site.offline', 'sites.online': 'site.online' };

/** Goes to the one webhook that is tested, whatever it asked for. */
const TEST = 'webhook.tested';

export const wants = (patterns: readonly string[], action: string): boolean => {
  if (action === TEST) return false;
  return [action, GROUPED[action] ?? action].some(
    (name) =>
      patterns.includes('*') || patterns.includes(name) || patterns.includes(`${name.slice(0, name.indexOf('.'))}.*`),
  );
};

/** What a webhook that wants events of sites is told of them. Neither `*` nor a family means these: sites send many. */
export const RECEIVED = 'event.received';
const OF_TYPE = `${RECEIVED}:`;
const MAX_TYPE = 200;

/** `event.received`, or with a type or its beginning and a `*` behind a colon. */
export const isEventPattern = (pattern: string): boolean =>
  pattern === RECEIVED ||
  (pattern.startsWith(OF_TYPE) &&
    /^[^\s*\p{Cc}]+\*?$/u.test(pattern.slice(OF_TYPE.length)) &&
    pattern.length <= OF_TYPE.length + MAX_TYPE);

/** @param type of the site's event */
export const wantsReceived = (patterns: readonly string[], type: string): boolean =>
  patterns.some((pattern) => {
    if (!isEventPattern(pattern)) return false;
    const wanted = pattern.slice(OF_TYPE.length);
    return pattern === RECEIVED || (wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted);
  });

interface AuditBody {
  seq: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: Record<string, unknown>;
}

/** The same for every attempt: receivers know by it what they have had. It is bound to the row of the audit. */
export const messageIdOf = (hash: string): string => `msg_${hash.slice(0, 32)}`;

/** What is sent, in the form that Standard Webhooks recommends. @param body the row of the audit */
export const payloadOf = (body: string): string => {
  const { seq, at, actor, action, subject, details } = JSON.parse(body) as AuditBody;
  return JSON.stringify({ type: action, timestamp: at, data: { seq, actor, subject, ...details } });
};
