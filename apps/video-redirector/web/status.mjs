/**
 * What is used of the document.
 * @typedef {object} Page
 * @property {{ dataset: Record<string, string | undefined> }} body
 * @property {(id: string) => { textContent: string | null } | null} getElementById
 */
/**
 * @typedef {'connecting' | 'live' | 'offline' | 'capacity' | 'ended' | 'over' | 'unsupported'
 *   | 'buffering' | 'playback' | 'paused' | 'nothing' | 'finished'} State
 */

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
const CAPACITY_CODES = new Set([
  'live-capacity-exceeded',
  'live-bandwidth-exceeded',
  'playback-capacity-exceeded',
  'playback-bandwidth-exceeded',
  'uplink-exceeded',
  'over-capacity',
  'preempted',
]);

/**
 * @param {string} code stable code of a refusal or of the source's state
 * @returns {State}
 */
export function stateOf(code) {
  if (TICKET_CODES.has(code)) return 'over';
  if (UNSUPPORTED_CODES.has(code)) return 'unsupported';
  if (code === 'ended-by-operator') return 'ended';
  return CAPACITY_CODES.has(code) || code.endsWith('-exceeded') ? 'capacity' : 'offline';
}

/** What a code says beyond its state. @type {Record<string, string>} */
const CODE_ADVICE = {
  'live-capacity-exceeded': 'As many as the redirector serves are watching right now. This page tries again by itself.',
  'live-bandwidth-exceeded': 'The bandwidth for live video is in use. This page tries again by itself.',
  'playback-capacity-exceeded':
    'As many recordings as the redirector serves are playing right now. This page tries again by itself.',
  'playback-bandwidth-exceeded': 'The bandwidth for recordings is in use. This page tries again by itself.',
  preempted: 'Someone with a higher level needed the place. This page tries again by itself.',
  'codec-unsupported': 'This browser has no decoder for the camera’s codec. Use an RTSP player, or another browser.',
  'player-unsupported': 'This browser has no way to play live video. Use an RTSP player, or another browser.',
};

/** Only a person can do something about these. */
export const FINAL = new Set(/** @type {State[]} */ (['over', 'unsupported', 'ended']));

/** @type {Record<State, string>} */
const WORDS = {
  connecting: 'Connecting …',
  live: 'Live',
  offline: 'Source offline',
  capacity: 'Over capacity',
  over: 'Ticket over',
  unsupported: 'Not playable here',
  ended: 'Ended by an operator',
  buffering: 'Loading the recording …',
  playback: 'Recording',
  paused: 'Paused',
  nothing: 'Nothing recorded here',
  finished: 'End of the recording',
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
  buffering: '',
  playback: '',
  paused: '',
  nothing: 'The recorder has nothing to play at this time, or refuses it. Choose another place.',
  finished: '',
};

const MOVING = new Set(/** @type {State[]} */ (['live', 'playback', 'buffering', 'paused', 'finished']));

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
    const more = state === 'live' ? this.#note : code && !MOVING.has(state) ? ` (${code})` : '';
    const text = `${WORDS[state]}${more}`;
    if (text === this.#shown) return;
    this.#shown = text;
    this.page.body.dataset.state = state;
    this.page.body.dataset.code = code;
    this.#text('status', text);
    this.#text('notice', (code && !MOVING.has(state) && CODE_ADVICE[code]) || ADVICE[state]);
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
