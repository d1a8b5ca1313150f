/**
 * @typedef {object} Subscription
 * @property {Owner} owner
 * @property {string} sid chosen by the client
 * @property {string[]} tokens of the subject; `*` is one token, `>` the rest
 * @property {string} [queue]
 * @property {number} [left] messages until it ends by itself
 *
 * @typedef {{ deliver: (subscription: Subscription, publication: Pick<import('./nats-frames.mjs').Publication, 'subject' | 'reply' | 'headerBytes' | 'body'>) => void }} Owner
 */

const MAX_PER_OWNER = 10_000;

/** Who hears what. A platform of six apps has some hundred subscriptions, so that a scan is cheaper than a tree. */
export class Subscriptions {
  constructor() {
    /** @type {Map<Owner, Map<string, Subscription>>} */
    this.byOwner = new Map();
  }

  /**
   * @param {Owner} owner
   * @param {{ subject: string, queue?: string, sid: string }} request
   */
  add(owner, { subject, queue, sid }) {
    const own = this.byOwner.get(owner) ?? new Map();
    if (own.size >= MAX_PER_OWNER) throw new Error('Maximum Subscriptions Exceeded');
    own.set(sid, { owner, sid, tokens: subject.split('.'), queue });
    this.byOwner.set(owner, own);
  }

  /**
   * @param {Owner} owner
   * @param {string} sid
   * @param {number} [max] deliveries left from now on; without it the subscription ends at once
   */
  limit(owner, sid, max) {
    const subscription = this.byOwner.get(owner)?.get(sid);
    if (!max || !subscription) return this.remove(owner, sid);
    subscription.left = max;
  }

  /**
   * @param {Owner} owner
   * @param {string} sid
   */
  remove(owner, sid) {
    this.byOwner.get(owner)?.delete(sid);
  }

  /** @param {Owner} owner */
  removeAll(owner) {
    this.byOwner.delete(owner);
  }

  /**
   * Every plain subscription and one of each queue group.
   * @param {string} subject
   * @returns {Subscription[]}
   */
  receivers(subject) {
    const tokens = subject.split('.');
    /** @type {Subscription[]} */
    const all = [];
    /** @type {Map<string, Subscription[]>} */
    const groups = new Map();
    for (const own of this.byOwner.values()) {
      for (const subscription of own.values()) {
        if (!matches(subscription.tokens, tokens)) continue;
        if (subscription.queue === undefined) all.push(subscription);
        else groups.set(subscription.queue, [...(groups.get(subscription.queue) ?? []), subscription]);
      }
    }
    for (const members of groups.values()) all.push(members[Math.floor(Math.random() * members.length)]);
    return all;
  }
}

/**
 * @param {string[]} pattern
 * @param {string[]} tokens
 */
function matches(pattern, tokens) {
  for (const [index, part] of pattern.entries()) {
    if (part === '>') return tokens.length > index;
    if (index >= tokens.length || (part !== '*' && part !== tokens[index])) return false;
  }
  return pattern.length === tokens.length;
}
