import { BackOff } from './back-off.mjs';
import { mediaSourceClass, SocketStream } from './socket-stream.mjs';
import { FINAL, stateOf, StatusView } from './status.mjs';

const DELAY_MS = 500;
const view = new StatusView(document);
const video = /** @type {HTMLVideoElement} */ (document.getElementById('video'));
const path = location.pathname.replace(/\/$/, '');

/** The ticket leaves the address bar, the history and what is copied from them; a reload finds it again. */
function takeTicket() {
  const given = new URLSearchParams(location.search).get('ticket');
  if (given) {
    sessionStorage.setItem(path, given);
    history.replaceState(null, '', path);
  }
  return given ?? sessionStorage.getItem(path) ?? '';
}

/** Watches one camera for as long as the page is there: attempt, wait, attempt. */
class Player {
  #backOff = new BackOff();
  /** @type {SocketStream | undefined} */
  #stream;
  /** @type {number | undefined} */
  #timer;

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
    this.#stream = new SocketStream({ video, path, ticket: this.ticket }, this.#events());
    document.body.dataset.transport = 'mse';
  }

  /** @returns {import('./socket-stream.mjs').StreamEvents} */
  #events() {
    return {
      live: () => {
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
    view.show(code === 'connection-lost' ? 'connecting' : state, code);
    if (!FINAL.has(state)) this.#timer = setTimeout(() => this.start(), this.#backOff.next());
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
else if (!mediaSourceClass()) view.show('unsupported', 'player-unsupported');
else new Player(ticket).start();
