import { EventEmitter, once } from 'node:events';

/** Events of a site that are kept for hosts which are away; older ones are lost, and counted. */
const MAX_EVENTS = 2_000;
const PAGE = 256;

/**
 * @typedef {import('../../apps/agent/src/site/index.js').SiteEvent} SiteEvent
 *
 * @typedef {object} KeptEvent what `WatchEvents` sends
 * @property {number} sequence
 * @property {string} type
 * @property {string} sourceId
 * @property {number} atMs Unix time
 * @property {string} details JSON of an object; empty when there are none
 * @property {number} lostBefore
 * @property {'online' | 'offline'} period whether a host was listening
 */

/**
 * The events of a simulated site, in memory: hundreds of sites in one process would spend it on files. Its numbers go on
 * rising when the process is started again.
 */
export class EventJournal {
  /** @param {{ maxEvents?: number, nowMs?: number, onEvent?: () => void }} [options] `onEvent`: each of them */
  constructor({ maxEvents = MAX_EVENTS, nowMs = Date.now(), onEvent = () => undefined } = {}) {
    this.maxEvents = maxEvents;
    this.onEvent = onEvent;
    /** The number before the first. */
    this.origin = nowMs * 1_000;
    this.last = this.origin;
    /** @type {KeptEvent[]} without gaps */
    this.kept = [];
    this.watchers = 0;
    this.added = new EventEmitter().setMaxListeners(0);
  }

  /** @param {SiteEvent} event */
  event({ type, sourceId, at, details }) {
    const text = details === undefined ? '' : JSON.stringify(details);
    const period = this.watchers > 0 ? 'online' : 'offline';
    this.kept.push({ sequence: ++this.last, type, sourceId, atMs: at.getTime(), details: text, lostBefore: 0, period });
    if (this.kept.length > this.maxEvents) this.kept.shift();
    this.onEvent();
    this.added.emit('event');
  }

  /**
   * What came after `since`, then what comes, in pages.
   * @param {{ since: number, types?: readonly string[] }} request one from another site, or of another process: all there is
   * @param {AbortSignal} signal ends it
   * @returns {AsyncGenerator<KeptEvent[], void>}
   */
  async *watch({ since, types = [] }, signal) {
    this.watchers += 1;
    try {
      let position = since >= this.origin && since <= this.last ? since : this.origin;
      while (!signal.aborted) {
        const page = this.after(position);
        position = page.at(-1)?.sequence ?? position;
        const wanted = types.length === 0 ? page : page.filter(({ type }) => types.includes(type));
        if (wanted.length > 0) yield wanted;
        if (page.length === 0) await once(this.added, 'event', { signal }).catch(() => undefined);
      }
    } finally {
      this.watchers -= 1;
    }
  }

  /**
   * @param {number} position
   * @returns {KeptEvent[]} the first of them tells what is lost before it
   */
  after(position) {
    const [oldest] = this.kept;
    if (oldest === undefined || position >= this.last) return [];
    const from = Math.max(0, position + 1 - oldest.sequence);
    const [first, ...others] = this.kept.slice(from, from + PAGE);
    return first === undefined ? [] : [{ ...first, lostBefore: first.sequence - position - 1 }, ...others];
  }
}
