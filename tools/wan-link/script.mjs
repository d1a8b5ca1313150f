import { WanLinkError } from './errors.mjs';

/**
 * @typedef {import('./link.mjs').WanLink} WanLink
 * @typedef {import('./link.mjs').Way} Way
 *
 * @typedef {object} Happening
 * @property {number} atMs after the start
 * @property {string} event one of `EVENTS`, with its words
 */

export const EVENTS = `stall [up|down|both] [MS]       nothing moves; with MS it goes on after that time
resume [up|down|both]
blackhole                       connections of now are dead and no end is told; new ones lead nowhere
heal                            new connections pass again
reset [all|one]                 RST to both ends
half-close up|down [all|one]    FIN in one direction
delay MS [up|down|both]         one way
rate MBIT [up|down|both]        0: no limit
buffer KIB [up|down|both]`;

const WAYS = ['up', 'down', 'both'];
const WHICH = ['all', 'one'];

/** @type {Record<string, (link: WanLink, words: Words) => void>} */
const ACTIONS = {
  stall: (link, words) => {
    const way = words.way();
    const forMs = words.number(0);
    link.stall(way);
    if (forMs > 0) setTimeout(() => link.resume(way), forMs).unref();
  },
  resume: (link, words) => link.resume(words.way()),
  blackhole: (link) => link.blackhole(),
  heal: (link) => link.heal(),
  reset: (link, words) => link.reset(words.which()),
  'half-close': (link, words) => {
    const way = words.way();
    if (way === 'both') throw new WanLinkError('event-invalid', 'half-close needs up or down');
    link.halfClose(way, words.which());
  },
  delay: (link, words) => {
    const delayMs = words.number();
    link.change(words.way(), { delayMs });
  },
  rate: (link, words) => {
    const rateBitsPerS = words.number() * 1e6;
    link.change(words.way(), { rateBitsPerS });
  },
  buffer: (link, words) => {
    const bufferBytes = words.number() * 1024;
    link.change(words.way(), { bufferBytes });
  },
};

/** The words after the name of an event. */
class Words {
  /** @param {string[]} words */
  constructor(words) {
    this.words = words;
  }

  /** @returns {Way} */
  way() {
    return /** @type {Way} */ (this.oneOf(WAYS) ?? 'both');
  }

  /** @returns {'all' | 'one'} */
  which() {
    return /** @type {'all' | 'one'} */ (this.oneOf(WHICH) ?? 'all');
  }

  /** @param {number} [otherwise] without it the number has to be there */
  number(otherwise) {
    const value = this.words[0] === undefined ? otherwise : Number(this.words.shift());
    if (value === undefined || !Number.isFinite(value) || value < 0) {
      throw new WanLinkError('event-invalid', 'a number is missing or not one');
    }
    return value;
  }

  /** @param {string[]} allowed */
  oneOf(allowed) {
    return allowed.includes(this.words[0] ?? '') ? this.words.shift() : undefined;
  }
}

/**
 * Lets one event happen now.
 * @param {WanLink} link
 * @param {string} event
 * @throws {WanLinkError} `event-invalid`
 */
export function happen(link, event) {
  const [name = '', ...rest] = event.trim().split(/\s+/);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new WanLinkError('event-invalid', `${JSON.stringify(name)} is no event`);
  const words = new Words(rest);
  action(link, words);
  if (words.words.length > 0) {
    throw new WanLinkError('event-invalid', `${name} does not take ${JSON.stringify(words.words.join(' '))}`);
  }
}

/**
 * `MS EVENT`, for example `5000 stall up 2000`.
 * @param {string} text
 * @returns {Happening}
 * @throws {WanLinkError} `event-invalid`
 */
export function parseHappening(text) {
  const [, at, event = ''] = /^\s*(\d+)\s+(.+)$/.exec(text) ?? [];
  const [name] = event.split(/\s+/);
  if (at === undefined || !Object.hasOwn(ACTIONS, name)) {
    throw new WanLinkError('event-invalid', `${JSON.stringify(text)} is not "MS EVENT"`);
  }
  return { atMs: Number(at), event };
}

/**
 * Lets events happen in time.
 * @param {WanLink} link
 * @param {readonly Happening[]} script
 * @param {(event: string) => void} [told] each event as it happens
 * @returns {() => void} calls off what has not happened yet
 */
export function play(link, script, told = () => undefined) {
  const timers = script.map(({ atMs, event }) =>
    setTimeout(() => {
      told(event);
      happen(link, event);
    }, atMs),
  );
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}
