import { Video, PeerConnection, RtcpReceivingSession } from 'node-datachannel';

const FORMAT = 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';
const PAYLOAD_TYPE = 102;
const GATHER_MS = 3_000;

/** A WebRTC viewer by WHEP that decrypts and counts. */
export class WebRtcPlayer {
  /** @param {string} playUrl address of the page, with a ticket */
  constructor(playUrl) {
    this.whepUrl = playUrl.replace('/play/', '/whep/');
    this.connection = new PeerConnection('bench', { iceServers: [], bindAddress: '127.0.0.1' });
    this.bytes = 0;
    this.gaps = 0;
    /** @type {number[]} */
    this.delays = [];
    this.isCounting = true;
    this.firstMs = Number.NaN;
    const media = new Video('0', 'RecvOnly');
    media.addH264Codec(PAYLOAD_TYPE, FORMAT);
    this.track = this.connection.addTrack(media);
    this.track.setMediaHandler(new RtcpReceivingSession());
    this.track.onMessage((data) => this.take(data));
  }

  async setUp() {
    const offer = await this.offer();
    const headers = { 'content-type': 'application/sdp' };
    const answer = await fetch(this.whepUrl, { method: 'POST', headers, body: offer });
    if (answer.status !== 201) throw new Error(`WHEP: ${answer.status} ${await answer.text()}`);
    this.answer = await answer.text();
  }

  play() {
    this.playedAt = performance.now();
    this.connection.setRemoteDescription(/** @type {string} */ (this.answer), 'answer');
  }

  /** @returns {Promise<string>} with all candidates */
  offer() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no candidates in time')), GATHER_MS);
      this.connection.onGatheringStateChange((state) => {
        if (state !== 'complete') return;
        clearTimeout(timer);
        resolve(this.connection.localDescription()?.sdp ?? '');
      });
      this.connection.setLocalDescription('offer');
    });
  }

  /** @param {Buffer} packet */
  take(packet) {
    this.bytes += packet.length;
    if (!Number.isNaN(this.firstMs)) return;
    this.firstMs = performance.now() - (this.playedAt ?? 0);
    this.first?.();
  }

  /** Resolves with the first packet, which is one of a keyframe. */
  async untilFirst() {
    if (Number.isNaN(this.firstMs)) await new Promise((resolve) => (this.first = () => resolve(undefined)));
    return this.firstMs;
  }

  close() {
    this.connection.close();
  }
}
