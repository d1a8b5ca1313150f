import { BackOff } from './back-off.mjs';
import { HlsStream } from './hls-stream.mjs';
import { usageOf } from './playhead.mjs';
import { RecordingPlayer } from './recording.mjs';
import { SocketStream } from './socket-stream.mjs';
import { mediaSourceClass } from './source-buffer.mjs';
import { isHeard, soundNote, survivesDirect } from './sound.mjs';
import { FINAL, stateOf, StatusView } from './status.mjs';
import { WhepStream } from './whep-stream.mjs';

/** @typedef {'mse' | 'hls' | 'webrtc'} Transport */

const DELAY_MS = 500;
/** WebSockets that do not even open, as behind some proxies, leave plain requests. */
const LOST_BEFORE_HLS = 2;
/** The first picture comes before everything else. */
const DIRECT_AFTER_MS = 1_000;
const DIRECT_TRIES = 5;

const view = new StatusView(document);
const video = /** @type {HTMLVideoElement} */ (document.getElementById('video'));
const direct = /** @type {HTMLVideoElement} */ (document.getElementById('direct'));
const path = location.pathname.replace(/\/$/, '');
const wish = new URLSearchParams(location.search).get('transport');
/** Where a recording begins, as `2026-01-31T12:00:00Z`. */
const beginning = Date.parse(new URLSearchParams(location.search).get('at') ?? '');

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
  /** @type {SocketStream | HlsStream | WhepStream | undefined} */
  #stream;
  /** A WebRTC connection that is being made while the picture already runs. @type {WhepStream | undefined} */
  #next;
  /** @type {number | undefined} */
  #timer;
  #hasPlayed = false;
  /** The camera's own; empty without sound, and as long as nobody has told. */
  #soundCodec = '';
  #lost = 0;
  #socketPasses = false;
  #directLeft = wish === null && 'RTCPeerConnection' in globalThis ? DIRECT_TRIES : 0;
  /** @type {Transport} */
  #transport = wish === 'hls' || wish === 'webrtc' ? wish : mediaSourceClass() ? 'mse' : 'hls';

  /** @param {string} ticket */
  constructor(ticket) {
    this.ticket = ticket;
    setInterval(() => view.delay(this.#stream?.delayMs), DELAY_MS);
    // What a sleeping tab or machine has missed is not made up for: it begins anew.
    document.addEventListener('visibilitychange', () => !document.hidden && this.#timer !== undefined && this.start());
    // A page that is left gives its place back at once; one that the browser brings back begins anew.
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', ({ persisted }) => persisted && this.start());
    addEventListener('online', () => this.#timer !== undefined && this.start());
  }

  start() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stream?.close();
    this.#hasPlayed = false;
    const Stream = { mse: SocketStream, hls: HlsStream, webrtc: WhepStream }[this.#transport];
    show(this.#transport);
    this.#stream = new Stream(this.#place(this.#transport), this.#events());
  }

  #leave() {
    this.#next?.close();
    this.#next = undefined;
    this.#stream?.close();
  }

  /** @param {Transport} transport */
  #place(transport) {
    return { video: transport === 'webrtc' ? direct : video, path, ticket: this.ticket };
  }

  /** @returns {import('./socket-stream.mjs').StreamEvents} */
  #events() {
    return {
      live: () => {
        if (!this.#hasPlayed && this.#transport === 'mse') setTimeout(() => this.#connectDirect(), DIRECT_AFTER_MS);
        this.#hasPlayed = true;
        if (this.#transport === 'mse') this.#socketPasses = true;
        this.#lost = 0;
        this.#backOff.reset();
        view.show('live');
      },
      trouble: (code) => view.show(stateOf(code), code),
      ended: (code) => this.#ended(code),
      exchanged: (usage, reason) => view.exchanged(usage, reason),
      described: (hasSound) => showSound(hasSound, soundNote(this.#soundCodec, this.#transport)),
      sound: (codec) => {
        this.#soundCodec = codec;
        showSound(isHeard(codec, 'mse'), soundNote(codec, 'mse'));
      },
    };
  }

  /** WebRTC has the smaller delay where UDP passes. The picture goes on until it is there. */
  #connectDirect() {
    if (
      this.#directLeft === 0 ||
      !survivesDirect(this.#soundCodec) ||
      this.#next ||
      this.#transport !== 'mse' ||
      this.#timer !== undefined
    )
      return;
    this.#directLeft -= 1;
    const next = new WhepStream(this.#place('webrtc'), {
      ...this.#events(),
      described: () => undefined,
      live: () => this.#switchTo(next),
      ended: (code) => this.#directEnded(next, code),
    });
    this.#next = next;
  }

  /** @param {WhepStream} next */
  #switchTo(next) {
    if (this.#next === next) {
      this.#next = undefined;
      this.#stream?.close();
      this.#stream = next;
      view.exchanged('', '');
      show('webrtc');
      showSound(isHeard(this.#soundCodec, 'webrtc'), soundNote(this.#soundCodec, 'webrtc'));
    }
    view.show('live');
  }

  /**
   * What has never played is not tried again on this page: the stream or the network does not carry it.
   * @param {WhepStream} ended
   * @param {string} code
   */
  #directEnded(ended, code) {
    if (this.#stream === ended) return this.#ended(code);
    this.#directLeft = 0;
    this.#next = undefined;
  }

  /** @param {string} code */
  #ended(code) {
    this.#next?.close();
    this.#next = undefined;
    const state = stateOf(code);
    const isLost = code === 'connection-lost';
    view.show(isLost ? 'connecting' : state, code);
    if (FINAL.has(state)) return;
    // A WebSocket that has played before is not kept away by a proxy: its redirector is down.
    if (isLost && !this.#hasPlayed && !this.#socketPasses) this.#lost += 1;
    if (this.#lost >= LOST_BEFORE_HLS && wish === null) this.#transport = this.#lost % 4 < 2 ? 'mse' : 'hls';
    this.#timer = setTimeout(() => this.start(), this.#backOff.next());
  }
}

/**
 * Shows the element of a transport.
 * @param {Transport} transport
 */
function show(transport) {
  document.body.dataset.transport = transport;
  direct.hidden = transport !== 'webrtc';
  video.hidden = !direct.hidden;
  hear();
}

/** The element that is not shown is silent: both would be heard while one takes over. */
function hear() {
  const isOn = document.getElementById('sound')?.getAttribute('aria-pressed') === 'true';
  for (const element of [video, direct]) element.muted = !isOn || element.hidden;
}

/**
 * @param {boolean} isThere
 * @param {string} note
 */
function showSound(isThere, note) {
  const [button, text] = ['sound', 'sound-note'].map((id) => document.getElementById(id));
  if (button) button.hidden = !isThere;
  if (text) text.textContent = note;
}

function addControls() {
  document.getElementById('full')?.addEventListener('click', () => {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => undefined);
    else (direct.hidden ? video : direct).requestFullscreen().catch(() => undefined);
  });
  const sound = document.getElementById('sound');
  sound?.addEventListener('click', () => {
    sound.setAttribute('aria-pressed', String(sound.getAttribute('aria-pressed') !== 'true'));
    hear();
  });
}

function noteFirstFrame() {
  if (!('requestVideoFrameCallback' in video)) return;
  const note = () => {
    document.body.dataset.firstFrameMs ??= String(Math.round(performance.now()));
  };
  for (const element of [video, direct]) element.requestVideoFrameCallback(note);
}

const ticket = takeTicket();
const [, , site = '', camera = ''] = path.split('/').map(decodeURIComponent);
document.title = `${camera} · ${site}`;
const title = document.getElementById('title');
if (title) title.textContent = `${camera} · ${site}`;
addControls();
noteFirstFrame();
const playLive = () => new Player(ticket).start();

function playRecording() {
  if (!mediaSourceClass()) return view.show('unsupported', 'player-unsupported');
  const at = Number.isNaN(beginning) ? undefined : beginning;
  new RecordingPlayer({ video, path, ticket }, view, at, playLive).start();
}

if (ticket === '') view.show('over', 'unauthenticated');
else if (usageOf(ticket) === 'recording') playRecording();
else playLive();
