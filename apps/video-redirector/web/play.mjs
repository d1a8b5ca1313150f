import { BackOff } from './back-off.mjs';
import { HlsStream } from './hls-stream.mjs';
import { mediaSourceClass, SocketStream } from './socket-stream.mjs';
import { FINAL, stateOf, StatusView } from './status.mjs';

/** @typedef {'mse' | 'hls'} Transport */

const DELAY_MS = 500;
/** WebSockets that do not even open, as behind some proxies, leave plain requests. */
const LOST_BEFORE_HLS = 2;

const view = new StatusView(document);
const video = /** @type {HTMLVideoElement} */ (document.getElementById('video'));
const path = location.pathname.replace(/\/$/, '');
const wish = new URLSearchParams(location.search).get('transport');

/** The ticket leaves the address bar, the history and what is copied from them; a reload finds it again. */
function takeTicket() {
  const given = new URLSearchParams(location.search).get('ticket');
  if (given) {
    sessionStorage.setItem(path, given);
    history.replaceState(null, '', wish ? `${path}?transport=${encodeURIComponent(wish)}` : path);
  }
  return given ?? sessionStorage.getItem(path) ?? '';
}

/** Watches one camera for as long as the page is there: attempt, wait, attempt. */
class Player {
  #backOff = new BackOff();
  /** @type {SocketStream | HlsStream | undefined} */
  #stream;
  /** @type {number | undefined} */
  #timer;
  #hasPlayed = false;
  #lost = 0;
  /** @type {Transport} */
  #transport = wish === 'hls' || !mediaSourceClass() ? 'hls' : 'mse';

  /** @param {string} ticket */
  constructor(ticket) {
    this.ticket = ticket;
    setInterval(() => view.delay(this.#stream?.delayMs), DELAY_MS);
    // What a sleeping tab or machine has missed is not made up for: it begins anew.
    document.addEventListener('visibilitychange', () => !document.hidden && this.#timer !== undefined && this.start());
    addEventListener('online', () => this.#timer !== undefined && this.start());
  }

  start() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stream?.close();
    this.#hasPlayed = false;
    document.body.dataset.transport = this.#transport;
    const Stream = this.#transport === 'hls' ? HlsStream : SocketStream;
    this.#stream = new Stream({ video, path, ticket: this.ticket }, this.#events());
  }

  /** @returns {import('./socket-stream.mjs').StreamEvents} */
  #events() {
    return {
      live: () => {
        this.#hasPlayed = true;
        this.#lost = 0;
        this.#backOff.reset();
        view.show('live');
      },
      trouble: (code) => view.show(stateOf(code), code),
      ended: (code) => this.#ended(code),
      described: (hasAudio) => {
        const sound = document.getElementById('sound');
        if (sound) sound.hidden = !hasAudio;
      },
    };
  }

  /** @param {string} code */
  #ended(code) {
    const state = stateOf(code);
    const isLost = code === 'connection-lost';
    view.show(isLost ? 'connecting' : state, code);
    if (FINAL.has(state)) return;
    if (isLost && !this.#hasPlayed) this.#lost += 1;
    if (this.#lost >= LOST_BEFORE_HLS && wish === null) this.#transport = this.#lost % 4 < 2 ? 'mse' : 'hls';
    this.#timer = setTimeout(() => this.start(), this.#backOff.next());
  }
}

function addControls() {
  document.getElementById('full')?.addEventListener('click', () => {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => undefined);
    else video.requestFullscreen().catch(() => undefined);
  });
  const sound = document.getElementById('sound');
  sound?.addEventListener('click', () => {
    video.muted = !video.muted;
    sound.setAttribute('aria-pressed', String(!video.muted));
  });
}

function noteFirstFrame() {
  if (!('requestVideoFrameCallback' in video)) return;
  video.requestVideoFrameCallback(() => {
    document.body.dataset.firstFrameMs = String(Math.round(performance.now()));
  });
}

const ticket = takeTicket();
const [, , site = '', camera = ''] = path.split('/').map(decodeURIComponent);
document.title = `${camera} · ${site}`;
const title = document.getElementById('title');
if (title) title.textContent = `${camera} · ${site}`;
addControls();
noteFirstFrame();
if (ticket === '') view.show('over', 'unauthenticated');
else new Player(ticket).start();
