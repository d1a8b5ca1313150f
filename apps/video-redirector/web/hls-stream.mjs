const NATIVE = 'application/vnd.apple.mpegurl';
const WATCH_MS = 500;
/** The picture stands still for so long: the source is away. */
const STILL_MS = 5_000;

/** LL-HLS: by the browser itself where it can, which iPhones do, else by hls.js. One attempt, like {@link SocketStream}. */
export class HlsStream {
  #isEnded = false;
  #movedAt = performance.now();
  #seen = -1;
  #listening = new AbortController();
  /** @type {{ destroy(): void, latency?: number } | undefined} */
  #player;

  /**
   * @param {import('./media-connection.mjs').Place} place
   * @param {import('./socket-stream.mjs').StreamEvents} events
   */
  constructor({ video, path, ticket }, events) {
    this.video = video;
    this.events = events;
    const address = `${path.replace(/^\/play\//, '/hls/')}/index.m3u8`;
    const { signal } = this.#listening;
    video.addEventListener('error', () => this.#end('decode-failed'), { signal });
    this.timer = setInterval(() => this.#watch(), WATCH_MS);
    this.#ask(address, ticket).catch(() => this.#end('connection-lost'));
  }

  /** hls.js tells how far behind the playlist's end the picture is; the browser's own player tells nothing. */
  get delayMs() {
    const latency = this.#player?.latency;
    return latency ? latency * 1000 : undefined;
  }

  close() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listening.abort();
    clearInterval(this.timer);
    this.#player?.destroy();
    this.video.removeAttribute('src');
  }

  /** @param {string} code */
  #end(code) {
    if (this.#isEnded) return;
    this.close();
    this.events.ended(code);
  }

  /**
   * The first request is ours: only here a refusal can be read. The player gets the session that it opened.
   * @param {string} address
   * @param {string} ticket
   */
  async #ask(address, ticket) {
    const headers = { authorization: `Bearer ${ticket}` };
    const answer = await fetch(address, { headers, signal: this.#listening.signal });
    if (!answer.ok) return this.#end((await answer.json()).code ?? 'connection-lost');
    const playlist = await answer.text();
    const session = playlist.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
    this.events.described(/mp4a|opus/.test(playlist));
    const live = new URL(session, new URL(address, location.href)).href;
    const Hls = await loadHls();
    if (this.#isEnded) return;
    if (Hls?.isSupported()) this.#attach(Hls, live);
    else if (this.video.canPlayType(NATIVE) === '') this.#end('player-unsupported');
    else this.video.src = live;
    this.video.play().catch(() => undefined);
  }

  /**
   * @param {any} Hls
   * @param {string} address
   */
  #attach(Hls, address) {
    const player = new Hls({
      lowLatencyMode: true,
      enableWorker: false,
      backBufferLength: 10,
      maxLiveSyncPlaybackRate: 1.25,
      liveMaxLatencyDuration: 4,
      liveSyncDuration: 0.8,
    });
    this.#player = player;
    player.on(Hls.Events.ERROR, (/** @type {unknown} */ _event, /** @type {{ fatal: boolean }} */ { fatal }) => {
      if (fatal) this.#end('connection-lost');
    });
    player.loadSource(address);
    player.attachMedia(this.video);
  }

  #watch() {
    const { currentTime } = this.video;
    if (currentTime !== this.#seen && this.video.videoWidth > 0) {
      this.#movedAt = performance.now();
      this.events.live();
    } else if (performance.now() - this.#movedAt > STILL_MS) this.events.trouble('source-silent');
    this.#seen = currentTime;
  }
}

/** @returns {Promise<any>} undefined where it cannot be loaded */
function loadHls() {
  const loaded = Reflect.get(globalThis, 'Hls');
  if (loaded) return Promise.resolve(loaded);
  return new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = '/assets/hls.js';
    script.addEventListener('load', () => resolve(Reflect.get(globalThis, 'Hls')));
    script.addEventListener('error', () => resolve(undefined));
    document.head.append(script);
  });
}
