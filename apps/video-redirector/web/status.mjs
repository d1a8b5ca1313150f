/**
 * What is used of the document.
 * @typedef {object} Page
 * @property {{ dataset: Record<string, string | undefined> }} body
 * @property {(id: string) => { textContent: string | null } | null} getElementById
 */
/** @typedef {'connecting' | 'live' | 'offline' | 'capacity' | 'over' | 'ended' | 'unsupported'} State */

const TICKET_CODES = new Set([
  'unauthenticated',
  'ticket-invalid',
  'ticket-expired',
  'ticket-revoked',
  'ticket-used',
  'viewer-revoked',
  'forbidden',
  'not-found',
]);
const UNSUPPORTED_CODES = new Set(['stream-not-playable', 'codec-unsupported', 'player-unsupported']);

/**
 * @param {string} code stable code of a refusal or of the source's state
 * @returns {State}
 */
export function stateOf(code) {
  if (TICKET_CODES.has(code)) return 'over';
  if (code === 'ended-by-operator') return 'ended';
  if (UNSUPPORTED_CODES.has(code)) return 'unsupported';
  return /capacity|bandwidth|uplink|too-many|pre-?empted/.test(code) ? 'capacity' : 'offline';
}

/** Only a person can do something about these. */
export const FINAL = new Set(/** @type {State[]} */ (['over', 'ended', 'unsupported']));

/** @type {Record<State, string>} */
const WORDS = {
  connecting: 'Connecting …',
  live: 'Live',
  offline: 'Source offline',
  capacity: 'Over capacity',
  over: 'Ticket over',
  ended: 'Ended by an operator',
  unsupported: 'Not playable here',
};

/** @type {Record<State, string>} */
const ADVICE = {
  connecting: '',
  live: '',
  offline: 'The camera or its site cannot be reached. The picture comes back by itself.',
  capacity: 'Too many are watching right now. This page tries again by itself.',
  ended: 'An operator ended this stream. To ask for it once more, reload the page in half a minute.',
  over: 'This link is no longer valid for this stream or this computer. Ask for a new one.',
  unsupported: 'This browser cannot play the camera’s format. Use an RTSP player, or another browser.',
};

/** Shows the state to eyes and to screen readers, which hear a change once. */
export class StatusView {
  #shown = '';
  #note = '';

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * @param {State} state
   * @param {string} [code]
   */
  show(state, code = '') {
    const more = state === 'live' ? this.#note : code && ` (${code})`;
    const text = `${WORDS[state]}${more}`;
    if (text === this.#shown) return;
    this.#shown = text;
    this.page.body.dataset.state = state;
    this.page.body.dataset.code = code;
    this.#text('status', text);
    this.#text('notice', ADVICE[state]);
    if (state !== 'live') this.#text('delay', '');
  }

  /**
   * Which of the camera's streams runs, told only while it is not the best one.
   * @param {string} usage
   * @param {string} reason empty: it is the best one
   */
  exchanged(usage, reason) {
    this.page.body.dataset.usage = usage;
    this.page.body.dataset.reason = reason;
    this.#note = reason === '' ? '' : ` · ${usage} (${reason})`;
    if (this.page.body.dataset.state === 'live') this.show('live');
  }

  /** @param {number | undefined} delayMs */
  delay(delayMs) {
    if (this.page.body.dataset.state !== 'live' || delayMs === undefined) return;
    this.page.body.dataset.delayMs = String(Math.round(delayMs));
    this.#text('delay', `${Math.round(delayMs / 10) * 10} ms`);
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  #text(id, text) {
    const element = this.page.getElementById(id);
    if (element) element.textContent = text;
  }
}
