import { BackOff } from './back-off.mjs';
import { RecordingStream } from './recording-stream.mjs';
import { bars, clockText, firstWindow, windowAround } from './recording-timeline.mjs';
import { FINAL, stateOf } from './status.mjs';

const SHOW_MS = 250;
/** From here on keyframes alone come: more could neither be carried nor decoded. */
const KEYS_FROM = 8;

/** @param {string} id */
const element = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/** Plays the recordings of one camera: place, pause and speed outlive the connection. */
export class RecordingPlayer {
  #backOff = new BackOff();
  /** @type {RecordingStream | undefined} */
  #stream;
  /** @type {number | undefined} */
  #timer;
  /** Where it goes on after the connection was lost. @type {number | undefined} */
  #atMs;
  #shown = { from: 0, to: 1_000 };
  #speed = 1;
  #isPaused = false;
  #isDragging = false;

  /**
   * @param {import('./media-connection.mjs').Place} place
   * @param {import('./status.mjs').StatusView} view
   * @param {number | undefined} atMs where to begin
   * @param {() => void} playLive the camera has no recordings
   */
  constructor(place, view, atMs, playLive) {
    this.place = place;
    this.view = view;
    this.#atMs = atMs;
    this.playLive = playLive;
    this.#addControls();
    setInterval(() => this.#show(), SHOW_MS);
    addEventListener('online', () => this.#timer !== undefined && this.start());
  }

  start() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stream = new RecordingStream(this.place, {
      opened: (range) => this.#opened(range),
      isLive: () => this.#live(),
      moves: () => {
        this.#backOff.reset();
        if (!this.#isPaused) this.view.show('playback');
      },
      waits: () => this.view.show('buffering'),
      skips: () => element('said').replaceChildren('A gap in the recording was skipped.'),
      finished: () => this.view.show('finished'),
      refused: (code) => this.view.show('nothing', code),
      timeline: (answer) => this.#drawTimeline(answer),
      described: (hasSound) => (element('sound').hidden = !hasSound),
      ended: (code) => this.#ended(code),
    });
  }

  /** @param {{ fromMs?: number, toMs?: number }} range */
  #opened(range) {
    document.body.dataset.transport = 'mse';
    element('recording').hidden = false;
    if (this.#shown.from === 0) this.#shown = firstWindow(range, Date.now());
    this.#seek(this.#atMs ?? this.#shown.from);
    this.#stream?.askTimeline(this.#shown.from, this.#shown.to);
  }

  #live() {
    this.#stream?.close();
    this.playLive();
  }

  /** @param {string} code */
  #ended(code) {
    this.#atMs = this.#stream?.positionMs ?? this.#atMs;
    const state = stateOf(code);
    this.view.show(code === 'connection-lost' ? 'connecting' : state, code);
    if (!FINAL.has(state)) this.#timer = setTimeout(() => this.start(), this.#backOff.next());
  }

  /** @param {number} atMs */
  #seek(atMs) {
    this.#atMs = atMs;
    element('said').replaceChildren();
    const shown = windowAround(this.#shown, atMs);
    if (shown.from !== this.#shown.from) this.#stream?.askTimeline(shown.from, shown.to);
    this.#shown = shown;
    this.view.show('buffering');
    this.#stream?.seek(atMs, this.#speed >= KEYS_FROM);
    this.#apply();
  }

  #apply() {
    const { video } = this.place;
    video.defaultPlaybackRate = this.#speed;
    video.playbackRate = this.#speed;
    if (this.#isPaused) video.pause();
    else video.play().catch(() => undefined);
    const button = element('pause');
    button.textContent = this.#isPaused ? 'Play' : 'Pause';
    if (this.#isPaused) this.view.show('paused');
  }

  /** @param {number} speed */
  #setSpeed(speed) {
    const isOther = speed >= KEYS_FROM !== this.#speed >= KEYS_FROM;
    const atMs = this.#stream?.positionMs;
    this.#speed = speed;
    if (isOther && atMs !== undefined) this.#seek(atMs);
    else this.#apply();
  }

  #addControls() {
    element('pause').addEventListener('click', () => {
      this.#isPaused = !this.#isPaused;
      this.#apply();
    });
    element('speed').addEventListener('change', () => this.#setSpeed(Number(element('speed').value)));
    const slider = element('position');
    slider.addEventListener('input', () => {
      this.#isDragging = true;
      this.#label(this.#onBar());
    });
    slider.addEventListener('change', () => {
      this.#isDragging = false;
      this.#seek(this.#onBar());
    });
    element('clock').addEventListener('change', () => {
      const atMs = new Date(element('clock').value).getTime();
      if (!Number.isNaN(atMs)) this.#seek(atMs);
    });
  }

  #onBar() {
    const { from, to } = this.#shown;
    const slider = element('position');
    return Math.round(from + ((to - from) * Number(slider.value)) / Number(slider.max));
  }

  #show() {
    const atMs = this.#stream?.positionMs;
    if (atMs === undefined || this.#timer !== undefined) return;
    this.#atMs = atMs;
    document.body.dataset.positionMs = String(Math.round(atMs));
    if (this.#isDragging) return;
    const { from, to } = this.#shown;
    const slider = element('position');
    slider.value = String(((atMs - from) / (to - from)) * Number(slider.max));
    this.#label(atMs);
  }

  /** @param {number} atMs */
  #label(atMs) {
    const text = clockText(atMs);
    element('at').textContent = text;
    element('position').setAttribute('aria-valuetext', text);
  }

  /** @param {{ from: number, to: number, spans?: [number, number, string][], code?: string }} answer */
  #drawTimeline({ from, to, spans = [], code }) {
    const drawn = bars(spans, { from, to }).map(({ left, width, state }) => {
      const bar = document.createElement('span');
      bar.dataset.state = state;
      bar.style.left = `${left}%`;
      bar.style.width = `${width}%`;
      return bar;
    });
    element('spans').replaceChildren(...drawn);
    element('said').replaceChildren(code === undefined ? '' : `What is recorded is not known (${code}).`);
  }
}
