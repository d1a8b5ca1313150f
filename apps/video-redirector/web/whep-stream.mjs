const STATS_MS = 500;
const CONNECT_MS = 8_000;
/** Nobody tells here why nothing comes: the other ways to the picture do. */
const STILL_MS = 3_000;

/** WebRTC by WHEP (draft-ietf-wish-whep). One attempt, like {@link SocketStream}. */
export class WhepStream {
  #isEnded = false;
  #session = '';
  /** @type {number | undefined} */
  #delayMs;
  #seen = 0;
  #movedAt = performance.now();
  #listening = new AbortController();
  #connection = new RTCPeerConnection();
  #media = new MediaStream();

  /**
   * @param {import('./media-connection.mjs').Place} place
   * @param {import('./socket-stream.mjs').StreamEvents} events
   */
  constructor({ video, path, ticket }, events) {
    this.video = video;
    this.events = events;
    for (const kind of ['video', 'audio']) this.#connection.addTransceiver(kind, { direction: 'recvonly' });
    this.#connection.addEventListener('track', ({ track, receiver }) => {
      // Pictures are shown as they come; the network is what it is.
      Reflect.set(receiver, 'jitterBufferTarget', 0);
      this.#media.addTrack(track);
      if (track.kind === 'audio') this.events.described(true);
      if (video.srcObject !== this.#media) video.srcObject = this.#media;
      video.play().catch(() => undefined);
    });
    this.#connection.addEventListener('connectionstatechange', () => {
      if (['failed', 'closed'].includes(this.#connection.connectionState)) this.#end('connection-lost');
    });
    this.timers = [
      setTimeout(() => this.#seen === 0 && this.#end('connection-lost'), CONNECT_MS),
      setInterval(() => void this.#measure(), STATS_MS),
    ];
    this.#offer(path.replace(/^\/play\//, '/whep/'), ticket).catch(() => this.#end('connection-lost'));
  }

  /** What network and jitter buffer add. */
  get delayMs() {
    return this.#delayMs;
  }

  close() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listening.abort();
    for (const timer of this.timers) clearTimeout(timer);
    this.#connection.close();
    this.video.srcObject = null;
    if (this.#session) fetch(this.#session, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }

  /** @param {string} code */
  #end(code) {
    if (this.#isEnded) return;
    this.close();
    this.events.ended(code);
  }

  /**
   * @param {string} address
   * @param {string} ticket
   */
  async #offer(address, ticket) {
    await this.#connection.setLocalDescription();
    const answer = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/sdp' },
      body: this.#connection.localDescription?.sdp ?? '',
      signal: this.#listening.signal,
    });
    if (!answer.ok) return this.#end((await answer.json()).code ?? 'connection-lost');
    this.#session = answer.headers.get('location') ?? '';
    const sdp = await answer.text();
    if (!this.#isEnded) await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  async #measure() {
    const stats = await this.#connection.getStats();
    if (this.#isEnded) return;
    let [network, buffered, decoded] = [0, 0, 0];
    for (const one of stats.values()) {
      if (one.type === 'candidate-pair' && one.nominated) network = (one.currentRoundTripTime ?? 0) * 500;
      if (one.type !== 'inbound-rtp' || one.kind !== 'video' || !one.jitterBufferEmittedCount) continue;
      buffered = (one.jitterBufferDelay / one.jitterBufferEmittedCount) * 1000;
      decoded = one.framesDecoded;
    }
    if (decoded > this.#seen) {
      this.#movedAt = performance.now();
      this.#delayMs = network + buffered;
      this.events.live();
    } else if (this.#seen > 0 && performance.now() - this.#movedAt > STILL_MS) this.#end('connection-lost');
    this.#seen = decoded;
  }
}
